import { describe, expect, it, vi } from 'vitest';
import { decodeGraph } from '#lib/graph/decode.ts';
import { encodeGraph } from '#lib/graph/encode.ts';
import { exposeAttention } from '#lib/graph/passes/expose.ts';
import { specialiseTo } from '#lib/graph/passes/specialise.ts';
import { distance } from './check-gradient.ts';
import { networkOracles } from './oracles.ts';
import type { Oracle } from './oracles.ts';
import { createOrtSession } from './ort.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Attention of every layer, and the outputs that the plain model has too. */
async function attentionOf(oracle: Oracle) {
	const shapes = Object.fromEntries(Object.entries(oracle.feeds).map(([k, t]) => [k, t.dims]));
	const { graph, attention } = exposeAttention(specialiseTo(decodeGraph(oracle.bytes), shapes));
	const session = await createOrtSession(encodeGraph(graph));
	const read = new Set(session.session.inputNames);
	const feeds = Object.entries(oracle.feeds).filter(([name]) => read.has(name));
	const outputs = await session.run(Object.fromEntries(feeds));
	await session.release();
	return { outputs, maps: attention.map(({ name }) => outputs[name]), graph };
}

describe('attention of a fused graph equals that of its primitive form', () => {
	for (const folder of ['llama', 'qwen3', 'gemma3', 'gpt2', 'bert']) {
		const oracles = networkOracles(folder);
		for (const fused of oracles.filter(({ label }) => label.startsWith('fused'))) {
			const name = fused.label.split(' ').slice(1).join(' ');
			it(`${folder} ${fused.label}`, async () => {
				const primitive = oracles.find(({ label }) => label === `primitive.onnx ${name}`);
				if (!primitive) throw new Error(`no primitive form of ${fused.label}`);
				const [a, b] = [await attentionOf(fused), await attentionOf(primitive)];
				expect(a.maps.length).toBeGreaterThan(0);
				expect(a.maps.length).toBe(b.maps.length);
				a.maps.forEach((map, layer) => {
					expect(distance(map, b.maps[layer]), `layer ${layer}`).toBeLessThan(1e-5);
					const [, , , keys = 1] = map?.dims ?? [];
					const row = (map?.data as Float32Array).subarray(0, keys);
					expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
				});
				for (const [output, expected] of Object.entries(fused.outputs)) {
					expect(distance(a.outputs[output], expected)).toBeLessThan(1e-4);
				}
				const fusedOps = a.graph.nodes.filter(({ op }) => /Attention$/.test(op));
				expect(fusedOps.length).toBe(a.maps.length);
			});
		}
	}
});
