import { describe, expect, it, vi } from 'vitest';
import { floats, sizeOf } from '#lib/core/tensor.ts';
import type { CpuTensor } from '#lib/core/tensor.ts';
import { decodeGraph } from '#lib/graph/decode.ts';
import { encodeGraph } from '#lib/graph/encode.ts';
import { expose } from '#lib/graph/passes/expose.ts';
import { RULE_TABLES } from '#lib/graph/passes/differentiate/rule-tables.ts';
import type { RuleTableName } from '#lib/graph/passes/differentiate/rule-tables.ts';
import { distance, dot, gradientsOf } from './check-gradient.ts';
import { networkOracles } from './oracles.ts';
import { createOrtSession } from './ort.ts';

/** Relevance of the embeddings (value × cotangent, summed) and the logit it should add up to. */
async function conservation(folder: string, label: string, rules: RuleTableName) {
	const oracle = networkOracles(folder).find((candidate) => candidate.label === label);
	if (!oracle) throw new Error(`no oracle ${folder} ${label}`);
	const graph = decodeGraph(oracle.bytes);
	const embeddings = Object.keys(oracle.gradients)[0] ?? '';
	const logits = oracle.outputs['logits'] as CpuTensor;
	const seed = floats(logits.dims, new Float32Array(sizeOf(logits.dims)));
	seed.data[seed.data.length - 3] = 1;
	const { gradients } = await gradientsOf(
		{ graph, feeds: oracle.feeds, of: ['logits'], wrt: [embeddings], rules: RULE_TABLES[rules] },
		{ logits: seed }
	);
	const model = await createOrtSession(encodeGraph(expose(graph, [embeddings])));
	const read = new Set(model.session.inputNames);
	const feeds = Object.entries(oracle.feeds).filter(([name]) => read.has(name));
	const values = await model.run(Object.fromEntries(feeds));
	await model.release();
	const gradient = gradients[embeddings];
	return { relevance: dot(values[embeddings], gradient), logit: dot(logits, seed), gradient };
}

// The first session of a process compiles the engine.
vi.setConfig({ testTimeout: 120_000 });

const BIAS_FREE = [
	['llama', 'primitive.onnx prefill'],
	['llama', 'fused.onnx prefill'],
	['qwen3', 'primitive.onnx prefill'],
	['qwen3', 'fused.onnx prefill'],
	['gemma3', 'primitive.onnx prefill'],
	['gemma3', 'fused.onnx prefill'],
	['qwen3-q4', 'q4.onnx prefill']
] as const;

describe('CP-LRP', () => {
	// With attention held fixed every rule keeps the sum; AttnLRP's softmax rule absorbs a part.
	for (const [folder, label] of BIAS_FREE) {
		it(`keeps the sum of relevance in ${folder} ${label}, which has no biases`, async () => {
			const { relevance, logit } = await conservation(folder, label, 'detach');
			expect(Math.abs(relevance - logit)).toBeLessThan(1e-3 * Math.max(1, Math.abs(logit)));
			const plain = await conservation(folder, label, 'gradient');
			expect(Math.abs(plain.relevance - logit)).toBeGreaterThan(1e-2);
		});
	}
});

describe('AttnLRP', () => {
	for (const folder of ['llama', 'qwen3', 'gemma3']) {
		it(`gives the fused and the primitive ${folder} the same relevance`, async () => {
			const [a, b] = [
				await conservation(folder, 'primitive.onnx prefill', 'attnlrp'),
				await conservation(folder, 'fused.onnx prefill', 'attnlrp')
			];
			expect(distance(a.gradient, b.gradient)).toBeLessThan(1e-4);
			expect(Math.abs(a.relevance - a.logit)).toBeGreaterThan(1e-6);
		});
	}
});
