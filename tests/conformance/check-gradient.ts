import { random } from '#lib/core/random.ts';
import { floats, sizeOf } from '#lib/core/tensor.ts';
import type { CpuTensor } from '#lib/core/tensor.ts';
import { encodeGraph } from '#lib/graph/encode.ts';
import type { Graph } from '#lib/graph/graph.ts';
import { differentiate } from '#lib/graph/passes/differentiate/differentiate.ts';
import type { RuleTable } from '#lib/graph/passes/differentiate/rule.ts';
import { specialiseTo } from '#lib/graph/passes/specialise.ts';
import { createOrtSession } from './ort.ts';
import type { CpuFeeds } from './ort.ts';

export interface GradientCheck {
	/** Any graph whose inputs are all fed. */
	readonly graph: Graph;
	readonly feeds: CpuFeeds;
	/** Outputs to take cotangents of; all float outputs by default. */
	readonly of?: readonly string[];
	/** Inputs to differentiate; all float inputs by default. */
	readonly wrt?: readonly string[];
	/** Step of the finite difference; half of it and all of it are used (Richardson). */
	readonly step?: number;
	readonly seed?: number;
	readonly rules?: RuleTable;
}

export interface GradientReport {
	/** Largest difference between a directional derivative and the gradient, relative to its scale. */
	readonly error: number;
	readonly worst: string;
	/** Largest difference between the gradient graph's outputs and the model's. */
	readonly forward: number;
}

/** The gradients of a graph for random cotangents, in onnxruntime-web. */
export async function gradientsOf(
	check: GradientCheck,
	cotangents?: CpuFeeds
): Promise<{ outputs: CpuFeeds; gradients: CpuFeeds; cotangents: CpuFeeds }> {
	const shapes = Object.fromEntries(Object.entries(check.feeds).map(([k, v]) => [k, v.dims]));
	const graph = specialiseTo(check.graph, shapes);
	const of = check.of ?? graph.outputs.filter((o) => o.type === 'float32').map((o) => o.name);
	const wrt =
		check.wrt ?? graph.inputs.filter((i) => i.type === 'float32').map((input) => input.name);
	const result = differentiate(graph, { of, wrt, ...(check.rules ? { rules: check.rules } : {}) });
	const source = random(check.seed ?? 1);
	const seeds: CpuFeeds = { ...cotangents };
	for (const name of of) {
		const seed = result.cotangents[name] ?? '';
		const dims = (result.graph.inputs.find((i) => i.name === seed)?.dims ?? []) as number[];
		seeds[name] ??= floats(
			dims,
			Array.from({ length: sizeOf(dims) }, () => source.normal())
		);
	}
	const session = await createOrtSession(encodeGraph(result.graph));
	try {
		const read = new Set(result.graph.inputs.map(({ name }) => name));
		const feeds: CpuFeeds = Object.fromEntries(
			Object.entries(check.feeds).filter(([name]) => read.has(name))
		);
		for (const name of of) feeds[result.cotangents[name] ?? ''] = seeds[name] as CpuTensor;
		const outputs = await session.run(feeds);
		const gradients: CpuFeeds = {};
		for (const name of wrt) gradients[name] = outputs[result.gradients[name] ?? ''] as CpuTensor;
		return { outputs, gradients, cotangents: seeds };
	} finally {
		await session.release();
	}
}

/**
 * Compares gradients with central finite differences along random directions of ±1, with Richardson
 * extrapolation (error of order step⁴).
 */
export async function checkGradient(check: GradientCheck): Promise<GradientReport> {
	const { outputs, gradients, cotangents } = await gradientsOf(check);
	const model = await createOrtSession(encodeGraph(check.graph));
	const source = random((check.seed ?? 1) + 7);
	const step = check.step ?? 0.02;
	let [error, worst, forward] = [0, '', 0];
	try {
		const plain = await model.run(check.feeds);
		for (const name of Object.keys(cotangents)) {
			forward = Math.max(forward, distance(plain[name], outputs[name]));
		}
		const value = async (name: string, direction: number[], size: number): Promise<number> => {
			const x = check.feeds[name] as CpuTensor<'float32'>;
			const moved = floats(
				x.dims,
				x.data.map((v, i) => v + size * (direction[i] ?? 0))
			);
			const result = await model.run({ ...check.feeds, [name]: moved });
			return Object.entries(cotangents).reduce((sum, [out, c]) => sum + dot(result[out], c), 0);
		};
		for (const [name, gradient] of Object.entries(gradients)) {
			const size = sizeOf(gradient.dims);
			for (let trial = 0; trial < 3; trial++) {
				const direction = Array.from({ length: size }, () => (source.next() < 0.5 ? -1 : 1));
				const slope = async (h: number): Promise<number> =>
					((await value(name, direction, h)) - (await value(name, direction, -h))) / (2 * h);
				const numeric = (4 * (await slope(step / 2)) - (await slope(step))) / 3;
				const analytic = dot(gradient, floats(gradient.dims, direction));
				const scale = Math.max(Math.abs(numeric), norm(gradient), 0.1);
				const relative = Math.abs(numeric - analytic) / scale;
				if (!(relative <= error))
					[error, worst] = [relative, `${name}: ${analytic} for ${numeric}`];
			}
		}
	} finally {
		await model.release();
	}
	return { error, worst, forward };
}

export function dot(a: CpuTensor | undefined, b: CpuTensor | undefined): number {
	let sum = 0;
	a?.data.forEach((v, i) => (sum += Number(v) * Number(b?.data[i])));
	return sum;
}

export function norm(a: CpuTensor): number {
	return Math.sqrt(dot(a, a));
}

/** Largest absolute difference; infinite when a tensor is missing or shapes differ. */
export function distance(a: CpuTensor | undefined, b: CpuTensor | undefined): number {
	if (!a || !b || a.dims.join() !== b.dims.join()) return Infinity;
	let most = 0;
	a.data.forEach((v, i) => {
		const d = Math.abs(Number(v) - Number(b.data[i]));
		if (!(d <= most)) most = d;
	});
	return most;
}
