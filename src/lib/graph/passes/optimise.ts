import { sizeOf } from '../../core/tensor.ts';
import { GraphBuilder } from '../builder.ts';
import { codeOf } from '../element-type.ts';
import type { Graph, ValueInfo } from '../graph.ts';
import { sortNodes } from '../topology.ts';
import { differentiate } from './differentiate/differentiate.ts';
import {
	add,
	castTo,
	div,
	mul,
	reduce,
	reshape,
	scale,
	shift,
	slice,
	square,
	sub
} from './emit.ts';

export interface OptimiseOptions {
	/** The output whose last axis is the vocabulary, [batch, tokens, vocabulary]. */
	readonly logits: string;
	/** Float inputs to train. */
	readonly parameters: readonly string[];
	/** Share of the target spread evenly over the vocabulary (Szegedy et al. 2016); 0 by default. */
	readonly labelSmoothing?: number;
	/** Largest global norm of the gradient; none by default. */
	readonly clip?: number;
	readonly beta1?: number;
	readonly beta2?: number;
	readonly epsilon?: number;
	readonly weightDecay?: number;
	readonly model?: string;
}

/** Names of the inputs that every training graph has besides the model's. */
export const TRAINING_INPUTS = {
	/** int64 [batch, tokens]: the token that should come next; negative where there is none. */
	labels: 'train.labels',
	/** float32 scalar */
	learningRate: 'train.learning_rate',
	/** float32 scalar: 1 for the first update; Adam's bias correction. */
	step: 'train.step',
	/** float32 scalar: 1 updates with all gradients gathered so far, 0 only gathers. */
	apply: 'train.apply',
	/** float32 scalar: 1 over the number of micro-batches of an update. */
	share: 'train.share'
} as const;

/**
 * State that stays on the device between steps, each a float32 vector of all parameters end to end:
 * one tensor instead of hundreds, updated by a handful of nodes. Zeros at first, but the parameters.
 */
export const TRAINING_STATE = {
	parameters: 'train.parameters',
	m: 'train.adam_m',
	v: 'train.adam_v',
	sum: 'train.gradient_sum'
} as const;

/** The output that replaces a state input for the next step. */
export function nextOf(name: string): string {
	return `${name}.next`;
}

/** Where a parameter lies in the vector of all. */
export interface ParameterSlot {
	readonly name: string;
	readonly dims: readonly number[];
	/** Index of its first element. */
	readonly offset: number;
	readonly size: number;
}

export interface TrainingStep {
	/**
	 * Inputs: the model's without the parameters, {@link TRAINING_INPUTS}, {@link TRAINING_STATE}.
	 * Outputs: the loss, the gradient's norm, and the next value of each state vector.
	 */
	readonly graph: Graph;
	readonly loss: string;
	readonly gradientNorm: string;
	readonly slots: readonly ParameterSlot[];
	/** Elements of each state vector. */
	readonly size: number;
}

/**
 * A whole training step as one graph: masked cross-entropy, gradients, accumulation, clipping by the
 * global norm and AdamW (Loshchilov & Hutter 2019, algorithm 2), so that parameters and optimiser
 * state can stay on the device between steps and only the loss is read.
 * @param graph specialised to the batch and length of the step
 */
export function optimise(graph: Graph, options: OptimiseOptions): TrainingStep {
	const derived = differentiate(graph, {
		of: [options.logits],
		wrt: options.parameters,
		...(options.model === undefined ? {} : { model: options.model })
	});
	const cotangent = derived.cotangents[options.logits] ?? '';
	const b = new GraphBuilder(derived.graph, 'train');
	const slots = slotsOf(b, options.parameters);
	const size = slots.reduce((total, slot) => total + slot.size, 0);
	const inputs = declareInputs(b, options.logits, size);
	const { loss, seed } = crossEntropy(b, options.logits, options.labelSmoothing ?? 0);
	const unpacked = new Map([[cotangent, seed]]);
	for (const slot of slots) unpacked.set(slot.name, unpack(b, slot));
	const gradients = slots.map(({ name, size: count }) =>
		reshape(b, derived.gradients[name] ?? '', [count])
	);
	const outputs = [loss, ...update(b, options, joinAll(b, gradients))];
	const made = b.finish({
		inputs: [...derived.graph.inputs.filter(({ name }) => !unpacked.has(name)), ...inputs],
		outputs: outputs.map((name) => b.info(name))
	});
	// Parameters and the cotangent were inputs; now nodes make them.
	const nodes = made.nodes.map((node) => ({
		...node,
		inputs: node.inputs.map((name) => unpacked.get(name) ?? name)
	}));
	const [lossName = '', norm = ''] = outputs;
	const whole = { ...made, nodes: sortNodes({ ...made, nodes }) };
	return { graph: whole, loss: lossName, gradientNorm: norm, slots, size };
}

function slotsOf(b: GraphBuilder, parameters: readonly string[]): ParameterSlot[] {
	let offset = 0;
	return parameters.map((name) => {
		const dims = b.dims(name);
		const slot = { name, dims, offset, size: sizeOf(dims) };
		offset += slot.size;
		return slot;
	});
}

function unpack(b: GraphBuilder, { dims, offset, size }: ParameterSlot): string {
	return reshape(b, slice(b, TRAINING_STATE.parameters, 0, offset, offset + size), dims);
}

/** Joins vectors a few at a time: shaders may bind no more than about eight buffers. */
function joinAll(b: GraphBuilder, vectors: readonly string[]): string {
	const [first = ''] = vectors;
	if (vectors.length <= 1) return first;
	const joined: string[] = [];
	for (let i = 0; i < vectors.length; i += 7) {
		const group = vectors.slice(i, i + 7);
		joined.push(group.length === 1 ? (group[0] ?? '') : b.op('Concat', group, { axis: 0 }));
	}
	return joinAll(b, joined);
}

function declareInputs(b: GraphBuilder, logits: string, size: number): ValueInfo[] {
	const { labels, ...scalars } = TRAINING_INPUTS;
	return [
		b.input(labels, 'int64', b.dims(logits).slice(0, -1)),
		...Object.values(scalars).map((name) => b.input(name, 'float32', [])),
		...Object.values(TRAINING_STATE).map((name) => b.input(name, 'float32', [size]))
	];
}

/**
 * Mean of −log p(label) over labelled positions, and its gradient with respect to the logits:
 * (softmax − target) / count there, 0 elsewhere. Written without LogSoftmax and OneHot, which native
 * WebGPU runs on the CPU.
 */
function crossEntropy(
	b: GraphBuilder,
	logits: string,
	smoothing: number
): { loss: string; seed: string } {
	const dims = b.dims(logits);
	const vocabulary = dims.at(-1) ?? 1;
	const last = [dims.length - 1];
	const code = codeOf('float32');
	const labels = reshape(b, castTo(b, TRAINING_INPUTS.labels, codeOf('int32')), [
		...dims.slice(0, -1),
		1
	]);
	const mask = castTo(b, b.op('GreaterOrEqual', [labels, b.scalar(0, 'int32')]), code);
	const all = dims.map((_, axis) => axis);
	const count = b.op('Max', [reduce(b, 'ReduceSum', mask, all, false), b.scalar(1)]);
	const ids = b.op('Range', [
		b.scalar(0, 'int32'),
		b.scalar(vocabulary, 'int32'),
		b.scalar(1, 'int32')
	]);
	const hit = castTo(b, b.op('Equal', [labels, ids]), code);
	const target =
		smoothing === 0 ? hit : shift(b, scale(b, hit, 1 - smoothing), smoothing / vocabulary);
	const weight = div(b, mask, count);
	const highest = reduce(b, 'ReduceMax', logits, last);
	const lowered = sub(b, logits, highest);
	const exponent = b.op('Exp', [lowered]);
	const total = reduce(b, 'ReduceSum', exponent, last);
	const seed = mul(b, sub(b, div(b, exponent, total), target), weight);
	// −Σ target·log p = log Σexp − Σ target·logit, as Σ target = 1.
	const expected = reduce(b, 'ReduceSum', mul(b, target, lowered), last);
	const each = mul(b, sub(b, b.op('Log', [total]), expected), weight);
	return { loss: reduce(b, 'ReduceSum', each, all, false), seed };
}

/** Gathers, clips and applies the gradient; returns the norm and every next state. */
function update(b: GraphBuilder, options: OptimiseOptions, gradient: string): string[] {
	const { apply, share } = TRAINING_INPUTS;
	const { parameters, m, v, sum } = TRAINING_STATE;
	const total = add(b, sum, mul(b, gradient, share));
	const norm = b.op('Sqrt', [reduce(b, 'ReduceSum', square(b, total), [0], false)]);
	const clipped = options.clip === undefined ? total : clip(b, total, norm, options.clip);
	const next = adamW(b, clipped, options);
	const applies = b.op('Greater', [apply, b.scalar(0.5)]);
	const choose = (updated: string, old: string): string => b.op('Where', [applies, updated, old]);
	const results: [string, string][] = [
		[parameters, choose(next.parameters, parameters)],
		[m, choose(next.m, m)],
		[v, choose(next.v, v)],
		[sum, choose(b.scalar(0), total)]
	];
	const name = ([old, value]: [string, string]): string =>
		b.emit('Identity', [value], {}, { outputs: [nextOf(old)] })[0] ?? '';
	return [norm, ...results.map(name)];
}

/** g · min(1, limit / norm), as torch.nn.utils.clip_grad_norm_. */
function clip(b: GraphBuilder, gradient: string, norm: string, limit: number): string {
	const ratio = div(b, b.scalar(limit), shift(b, norm, 1e-6));
	return mul(b, gradient, b.op('Min', [ratio, b.scalar(1)]));
}

function adamW(
	b: GraphBuilder,
	gradient: string,
	options: OptimiseOptions
): { parameters: string; m: string; v: string } {
	const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
	const { learningRate, step } = TRAINING_INPUTS;
	const state = TRAINING_STATE;
	const m = add(b, scale(b, state.m, beta1), scale(b, gradient, 1 - beta1));
	const v = add(b, scale(b, state.v, beta2), scale(b, square(b, gradient), 1 - beta2));
	const correction = (beta: number): string =>
		sub(b, b.scalar(1), b.op('Pow', [b.scalar(beta), step]));
	const mHat = div(b, m, correction(beta1));
	const vHat = div(b, v, correction(beta2));
	const move = div(b, mHat, shift(b, b.op('Sqrt', [vHat]), epsilon));
	const decay = sub(b, b.scalar(1), scale(b, learningRate, weightDecay));
	const decayed = weightDecay === 0 ? state.parameters : mul(b, state.parameters, decay);
	return { parameters: sub(b, decayed, mul(b, learningRate, move)), m, v };
}
