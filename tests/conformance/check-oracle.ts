import { decodeGraph } from '#lib/graph/decode.ts';
import { encodeGraph } from '#lib/graph/encode.ts';
import { differentiate } from '#lib/graph/passes/differentiate/differentiate.ts';
import { specialiseTo } from '#lib/graph/passes/specialise.ts';
import type { CpuTensor } from '#lib/core/tensor.ts';
import { distance } from './check-gradient.ts';
import type { Oracle } from './oracles.ts';
import { createOrtSession } from './ort.ts';

export interface OracleReport {
	/** Largest difference of an output, relative to the largest stored element. */
	readonly forward: number;
	/** The same of each gradient. */
	readonly gradients: Readonly<Record<string, number>>;
	readonly nodes: number;
}

/** Gradients of our graph in onnxruntime-web against PyTorch's. */
export async function checkOracle(oracle: Oracle): Promise<OracleReport> {
	const shapes = Object.fromEntries(Object.entries(oracle.feeds).map(([k, v]) => [k, v.dims]));
	const graph = specialiseTo(decodeGraph(oracle.bytes), shapes);
	const of = Object.keys(oracle.cotangents);
	const wrt = Object.keys(oracle.gradients);
	const made = new Set(graph.nodes.flatMap((node) => node.outputs));
	const leaves = wrt.filter((name) => made.has(name));
	const result = differentiate(graph, { of, wrt, leaves });
	const session = await createOrtSession(encodeGraph(result.graph));
	try {
		const wanted = new Set(result.graph.inputs.map(({ name }) => name));
		const feeds = Object.fromEntries(
			Object.entries(oracle.feeds).filter(([name]) => wanted.has(name))
		);
		for (const name of of)
			feeds[result.cotangents[name] ?? ''] = oracle.cotangents[name] as CpuTensor;
		const outputs = await session.run(feeds);
		const gradients: Record<string, number> = {};
		for (const [name, expected] of Object.entries(oracle.gradients)) {
			gradients[name] = relative(outputs[result.gradients[name] ?? ''], expected);
		}
		const forward = Math.max(
			0,
			...Object.entries(oracle.outputs)
				.filter(([name]) => of.includes(name))
				.map(([name, expected]) => relative(outputs[name], expected))
		);
		return { forward, gradients, nodes: result.graph.nodes.length };
	} finally {
		await session.release();
	}
}

/** Largest difference over the largest element of the expected tensor (or over 1e-3, when tiny). */
export function relative(got: CpuTensor | undefined, expected: CpuTensor): number {
	const size =
		expected.data.length === 0
			? 0
			: Math.max(
					...Array.from(expected.data as ArrayLike<number | bigint>, (v) => Math.abs(Number(v)))
				);
	return distance(got, expected) / Math.max(size, 1e-3);
}
