import { describe, expect, it, vi } from 'vitest';
import { random } from '#lib/core/random.ts';
import { floats, integers } from '#lib/core/tensor.ts';
import type { CpuTensor } from '#lib/core/tensor.ts';
import { decodeGraph } from '#lib/graph/decode.ts';
import { encodeGraph } from '#lib/graph/encode.ts';
import { adapt } from '#lib/graph/passes/adapt.ts';
import type { Adapted } from '#lib/graph/passes/adapt.ts';
import { TRAINING_INPUTS, TRAINING_STATE, nextOf, optimise } from '#lib/graph/passes/optimise.ts';
import { specialiseTo } from '#lib/graph/passes/specialise.ts';
import { checkGradient, distance, gradientsOf } from './check-gradient.ts';
import { networkOracles } from './oracles.ts';
import type { CpuFeeds } from './ort.ts';
import { createOrtSession } from './ort.ts';

vi.setConfig({ testTimeout: 240_000 });

function oracle(folder: string, label: string) {
	const found = networkOracles(folder).find((candidate) => candidate.label === label);
	if (!found) throw new Error(`no oracle ${folder} ${label}`);
	return found;
}

/** Factors drawn small, B not zero, so that every gradient is. */
function factorFeeds({ factors, strengths }: Adapted, rank: number, seed: number): CpuFeeds {
	const r = random(seed);
	const draw = (dims: number[], n: number) =>
		floats(
			dims,
			Array.from({ length: n }, () => 0.3 * r.normal())
		);
	const feeds: CpuFeeds = {};
	for (const { a, b, inFeatures, outFeatures } of factors) {
		feeds[a] = draw([rank, inFeatures], rank * inFeatures);
		feeds[b] = draw([outFeatures, rank], rank * outFeatures);
	}
	for (const name of Object.values(strengths)) feeds[name] = floats([], [0.7]);
	return feeds;
}

const firstLayer = (module: string): boolean => module.startsWith('model.layers.0.');

describe('adapt', () => {
	for (const [folder, label] of [
		['llama', 'fused.onnx prefill'],
		['qwen3-q4', 'q4.onnx prefill']
	] as const) {
		it(`adds factors with exact gradients to ${folder} ${label}`, async () => {
			const { bytes, feeds } = oracle(folder, label);
			const spec = { rank: 2, alpha: 3, target: firstLayer };
			const adapted = adapt(decodeGraph(bytes), [
				{ name: 'one', ...spec },
				{ name: 'two', ...spec }
			]);
			expect(adapted.factors.map(({ name }) => name)).toContain('model.layers.0.self_attn.q_proj');
			const added = factorFeeds(adapted, 2, 3);
			const picked = adapted.factors.filter((_, i) => i % 5 === 0);
			const wrt = [...picked.flatMap(({ a, b }) => [a, b]), ...Object.values(adapted.strengths)];
			const read = new Set(adapted.graph.inputs.map(({ name }) => name));
			const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => read.has(name)));
			const check = { graph: adapted.graph, feeds: { ...given, ...added }, of: ['logits'], wrt };
			const { error, worst } = await checkGradient({ ...check, step: 0.004 });
			expect(error, worst).toBeLessThan(2e-3);
		});
	}

	it('is the plain model at strength 0 and with zero factors', async () => {
		const { bytes, feeds } = oracle('llama', 'fused.onnx prefill');
		const adapted = adapt(decodeGraph(bytes), [{ name: 'one', rank: 2, alpha: 3 }]);
		const session = await createOrtSession(encodeGraph(adapted.graph));
		const read = new Set(session.session.inputNames);
		const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => read.has(name)));
		const factors = factorFeeds(adapted, 2, 3);
		const strength = adapted.strengths['one'] ?? '';
		const off = await session.run({ ...given, ...factors, [strength]: floats([], [0]) });
		const zeroed = { ...factors };
		for (const { b, outFeatures } of adapted.factors) {
			zeroed[b] = floats([outFeatures, 2], new Float32Array(2 * outFeatures));
		}
		const zero = await session.run({ ...given, ...zeroed });
		const on = await session.run({ ...given, ...factors });
		const plain = await (await createOrtSession(bytes)).run(given);
		expect(off['logits']?.data).toEqual(zero['logits']?.data);
		expect(distance(off['logits'], plain['logits'])).toBeLessThan(1e-5);
		expect(distance(on['logits'], plain['logits'])).toBeGreaterThan(1e-2);
	});

	it('says which matrices there are when none matches', () => {
		const { bytes } = oracle('llama', 'fused.onnx prefill');
		const none = { name: 'x', rank: 2, alpha: 2, target: () => false };
		expect(() => adapt(decodeGraph(bytes), [none])).toThrow(/matches none of the model's 14/);
	});
});

/** AdamW as PyTorch does it, in doubles (torch.optim.AdamW). */
function adamW(
	p: number[],
	g: number[],
	m: number[],
	v: number[],
	t: number,
	lr: number,
	decay: number
) {
	p.forEach((_, i) => {
		m[i] = 0.9 * (m[i] ?? 0) + 0.1 * (g[i] ?? 0);
		v[i] = 0.999 * (v[i] ?? 0) + 0.001 * (g[i] ?? 0) ** 2;
		const mHat = (m[i] ?? 0) / (1 - 0.9 ** t);
		const vHat = (v[i] ?? 0) / (1 - 0.999 ** t);
		p[i] = (p[i] ?? 0) * (1 - lr * decay) - (lr * mHat) / (Math.sqrt(vHat) + 1e-8);
	});
}

describe('optimise', () => {
	it('takes the steps that AdamW takes on the gradients of the loss', async () => {
		const { bytes, feeds } = oracle('llama', 'fused.onnx prefill');
		const adapted = adapt(decodeGraph(bytes), [
			{ name: 'one', rank: 2, alpha: 3, target: firstLayer }
		]);
		const read = new Set(adapted.graph.inputs.map(({ name }) => name));
		const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => read.has(name)));
		const factors = factorFeeds(adapted, 2, 3);
		const shapes = Object.fromEntries(
			Object.entries({ ...given, ...factors }).map(([k, t]) => [k, t.dims])
		);
		const parameters = adapted.factors.flatMap(({ a, b }) => [a, b]);
		const graph = specialiseTo(adapted.graph, shapes);
		const [clip, weightDecay, lr] = [0.5, 0.1, 0.05];
		const training = optimise(graph, { logits: 'logits', parameters, clip, weightDecay });
		const labels = [3, 1, -100, 7, 0, 5];

		const packed = parameters.flatMap((name) => [...(factors[name]?.data as Float32Array)]);
		const zeros = () => floats([training.size], new Float32Array(training.size));
		let state: CpuFeeds = { [TRAINING_STATE.parameters]: floats([training.size], packed) };
		for (const name of [TRAINING_STATE.m, TRAINING_STATE.v, TRAINING_STATE.sum])
			state[name] = zeros();
		const fixed: CpuFeeds = {
			...given,
			[adapted.strengths['one'] ?? '']: floats([], [0.7]),
			[TRAINING_INPUTS.labels]: integers([1, 6], labels),
			[TRAINING_INPUTS.learningRate]: floats([], [lr]),
			[TRAINING_INPUTS.share]: floats([], [0.5])
		};
		const session = await createOrtSession(encodeGraph(training.graph));
		const known = new Set(session.session.inputNames);
		const step = async (t: number, apply: number) => {
			const all: CpuFeeds = {
				...fixed,
				...state,
				[TRAINING_INPUTS.step]: floats([], [t]),
				[TRAINING_INPUTS.apply]: floats([], [apply])
			};
			const out = await session.run(
				Object.fromEntries(Object.entries(all).filter(([k]) => known.has(k)))
			);
			const next = Object.values(TRAINING_STATE).map((name) => [name, out[nextOf(name)]]);
			state = Object.fromEntries(next) as CpuFeeds;
			return {
				loss: Number(out[training.loss]?.data[0]),
				norm: Number(out[training.gradientNorm]?.data[0])
			};
		};

		const expected = packed.slice();
		const [m, v] = [packed.map(() => 0), packed.map(() => 0)];
		const losses: number[] = [];
		for (let t = 1; t <= 3; t++) {
			const reference = await lossGradient(adapted, given, unpack(expected), labels);
			// Two equal micro-batches: the first only gathers.
			const gathered = await step(t, 0);
			const { loss, norm } = await step(t, 1);
			expect(Math.abs(gathered.loss - loss)).toBeLessThan(1e-5);
			expect(Math.abs(loss - reference.loss)).toBeLessThan(1e-4);
			const size = Math.hypot(...reference.gradient);
			expect(Math.abs(norm - size) / size).toBeLessThan(1e-3);
			const clipped = reference.gradient.map((g) => g * Math.min(1, clip / (size + 1e-6)));
			adamW(expected, clipped, m, v, t, lr, weightDecay);
			const got = state[TRAINING_STATE.parameters] as CpuTensor;
			const worst = Math.max(...expected.map((p, i) => Math.abs(p - Number(got.data[i]))));
			expect(worst).toBeLessThan(2e-3);
			losses.push(loss);
		}
		expect(losses[2]).toBeLessThan(losses[0] ?? 0);

		function unpack(vector: number[]): CpuFeeds {
			const tensors: CpuFeeds = { [adapted.strengths['one'] ?? '']: floats([], [0.7]) };
			for (const { name, dims, offset, size } of training.slots) {
				tensors[name] = floats(dims, vector.slice(offset, offset + size));
			}
			return tensors;
		}
		async function lossGradient(
			model: Adapted,
			inputs: CpuFeeds,
			factors_: CpuFeeds,
			targets: number[]
		) {
			const all = { ...inputs, ...factors_ };
			const forward = await createOrtSession(encodeGraph(model.graph));
			const logits = (await forward.run(all, ['logits']))['logits'] as CpuTensor<'float32'>;
			await forward.release();
			const { loss, cotangent } = crossEntropy(logits, targets);
			const check = { graph: model.graph, feeds: all, of: ['logits'], wrt: parameters };
			const { gradients } = await gradientsOf(check, { logits: cotangent });
			const gradient = parameters.flatMap((name) => [...(gradients[name]?.data as Float32Array)]);
			return { loss, gradient };
		}
	});
});

/** Mean −log p over labelled positions and its gradient, in doubles. */
function crossEntropy(logits: CpuTensor<'float32'>, labels: number[]) {
	const width = logits.dims.at(-1) ?? 1;
	const count = labels.filter((label) => label >= 0).length;
	const cotangent = new Float32Array(logits.data.length);
	let loss = 0;
	labels.forEach((label, row) => {
		if (label < 0) return;
		const values = [...logits.data.subarray(row * width, (row + 1) * width)];
		const top = Math.max(...values);
		const total = values.reduce((sum, value) => sum + Math.exp(value - top), 0);
		loss -= ((values[label] ?? 0) - top - Math.log(total)) / count;
		values.forEach((value, i) => {
			const p = Math.exp(value - top) / total;
			cotangent[row * width + i] = (p - (i === label ? 1 : 0)) / count;
		});
	});
	return { loss, cotangent: floats(logits.dims, cotangent) };
}
