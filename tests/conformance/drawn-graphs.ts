/** Random small graphs of one node, and the tensors that feed them. */
import * as fc from 'fast-check';
import { random } from '#lib/core/random.ts';
import type { Random } from '#lib/core/random.ts';
import { floats, integers, sizeOf, tensor } from '#lib/core/tensor.ts';
import type { CpuTensor } from '#lib/core/tensor.ts';
import type { AttributeLike } from '#lib/graph/attributes.ts';
import { constantOf } from '#lib/graph/constant.ts';
import type { Constant, ValueInfo } from '#lib/graph/graph.ts';
import { newGraph, newNode } from '#lib/graph/new-graph.ts';
import type { GradientCheck } from './check-gradient.ts';

export interface Drawn {
	readonly r: Random;
	/** 1 to 4 axes of 1 to 4 elements. */
	readonly dims: readonly number[];
	/** An integer of 1 to 3. */
	readonly k: number;
}

export const drawn: fc.Arbitrary<Drawn> = fc
	.record({
		seed: fc.nat(),
		dims: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
		k: fc.integer({ min: 1, max: 3 })
	})
	.map(({ seed, dims, k }) => ({ r: random(seed), dims, k }));

export type OperatorCase = (drawn: Drawn) => GradientCheck;

/** Normal values, kept at least `gap` away from each of `kinks`. */
export function away(
	r: Random,
	dims: readonly number[],
	kinks: readonly number[] = [],
	gap = 0.06
): CpuTensor<'float32'> {
	const draw = (): number => {
		for (;;) {
			const value = r.normal();
			if (kinks.every((kink) => Math.abs(value - kink) > gap)) return value;
		}
	};
	return floats(dims, Array.from({ length: sizeOf(dims) }, draw));
}

/** Uniform values in [low, high]. */
export function uniform(
	r: Random,
	dims: readonly number[],
	low: number,
	high: number
): CpuTensor<'float32'> {
	return floats(
		dims,
		Array.from({ length: sizeOf(dims) }, () => low + (high - low) * r.next())
	);
}

/** Distinct values at least 0.1 apart, so that order does not change under a finite difference. */
export function distinct(r: Random, dims: readonly number[]): CpuTensor<'float32'> {
	const size = sizeOf(dims);
	const values = Array.from({ length: size }, (_, i) => (i - size / 2) * 0.1 + 0.03);
	for (let i = size - 1; i > 0; i--) {
		const j = r.integer(i + 1);
		[values[i], values[j]] = [values[j] ?? 0, values[i] ?? 0];
	}
	return floats(dims, values);
}

export interface Parts {
	readonly attributes?: Readonly<Record<string, AttributeLike>>;
	readonly domain?: string;
	/** Number of outputs; the first is used unless `of` says otherwise. */
	readonly outputs?: number;
	readonly of?: readonly string[];
	readonly step?: number;
	readonly opset?: number;
}

/** A graph of one node: float32 tensors are inputs to differentiate, constants are initializers. */
export function single(
	op: string,
	inputs: readonly (CpuTensor | Constant | undefined)[],
	parts: Parts = {}
): GradientCheck {
	const feeds: Record<string, CpuTensor> = {};
	const initializers: Record<string, Constant> = {};
	const names = inputs.map((input, i) => {
		if (input === undefined) return '';
		if ('location' in input) feeds[`x${i}`] = input;
		else initializers[`c${i}`] = input;
		return 'location' in input ? `x${i}` : `c${i}`;
	});
	const outputs = Array.from({ length: parts.outputs ?? 1 }, (_, i) => `y${i}`);
	const info = ([name, { type, dims }]: [string, CpuTensor]): ValueInfo => ({ name, type, dims });
	const graph = newGraph({
		nodes: [
			newNode(op, names, outputs, parts.attributes, { domain: parts.domain ?? '', name: 'node' })
		],
		inputs: Object.entries(feeds).map(info),
		outputs: (parts.of ?? ['y0']).map((name) => ({ name, type: 'float32' })),
		initializers,
		...(parts.opset === undefined ? {} : { opset: parts.opset })
	});
	return { graph, feeds, ...(parts.step === undefined ? {} : { step: parts.step }) };
}

export const ints = (values: readonly number[]): Constant =>
	constantOf(integers([values.length], values));
export const bools = (dims: readonly number[], values: readonly boolean[]): CpuTensor =>
	tensor('bool', dims, Uint8Array.from(values, Number));
export const axisOf = ({ r, dims }: Drawn): number =>
	r.integer(dims.length) - (r.next() < 0.5 ? dims.length : 0);

/** Smooth functions on normal inputs, or with kinks or a domain. */
export function smooth(
	op: string,
	kinks: readonly number[] = [],
	attributes: Readonly<Record<string, AttributeLike>> = {},
	domain = ''
): OperatorCase {
	return ({ r, dims }) => single(op, [away(r, dims, kinks)], { attributes, domain });
}
export function within(op: string, low: number, high: number, step = 0.02): OperatorCase {
	return ({ r, dims }) => single(op, [uniform(r, dims, low, high)], { step });
}

/** A shape that broadcasts against `dims`: some axes 1, some leading ones missing. */
export function broadcastable({ r, dims }: Drawn): number[] {
	return dims.slice(r.integer(dims.length)).map((dim) => (r.next() < 0.4 ? 1 : dim));
}
export function pair(
	op: string,
	make = (r: Random, dims: readonly number[]) => away(r, dims),
	attributes: Readonly<Record<string, AttributeLike>> = {}
): OperatorCase {
	return (d) => {
		const small = broadcastable(d);
		const operands = [away(d.r, d.dims), make(d.r, small)];
		return single(
			op,
			d.r.next() < 0.5 && op !== 'PRelu' && op !== 'Div' && op !== 'Mod'
				? operands.reverse()
				: operands,
			{ attributes }
		);
	};
}

export function reduction(
	op: string,
	make = (r: Random, dims: readonly number[]) => away(r, dims, [0]),
	step?: number
): OperatorCase {
	return (d) => {
		const axes = d.dims.map((_, i) => i).filter(() => d.r.next() < 0.5);
		const inputs = [make(d.r, d.dims), axes.length === 0 ? undefined : ints(axes)];
		const keepdims = d.r.integer(2);
		return single(op, axes.length === 0 ? inputs.slice(0, 1) : inputs, {
			attributes: { keepdims },
			...(step ? { step } : {})
		});
	};
}

export interface Spatial {
	readonly size: number[];
	readonly kernel: number[];
	readonly attributes: Record<string, AttributeLike>;
	readonly batch: number;
}
/** One or two spatial axes with random kernel, stride, dilation and asymmetric padding. */
export function spatial({ r }: Drawn, dilated = true): Spatial {
	const axes = 1 + r.integer(2);
	const draw = (low: number, high: number): number[] =>
		Array.from({ length: axes }, () => low + r.integer(high - low + 1));
	const [kernel, strides, dilations] = [draw(1, 3), draw(1, 3), dilated ? draw(1, 2) : draw(1, 1)];
	const pads = [...kernel.map((k) => r.integer(k)), ...kernel.map((k) => r.integer(k))];
	const size = kernel.map((k, i) => k * (dilations[i] ?? 1) + r.integer(4));
	return { size, kernel, batch: 1 + r.integer(2), attributes: { strides, dilations, pads } };
}
