import { intOf, intsOf, stringOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { constantFrom } from '../../constant.ts';
import type { Node } from '../../graph.ts';
import type { Window } from '../../infer/convolution.ts';
import { windowOf } from '../../infer/convolution.ts';
import { codeOf } from '../../element-type.ts';
import {
	castTo,
	div,
	expand,
	full,
	mul,
	pad,
	reduce,
	reshape,
	scale,
	slice,
	transpose
} from '../emit.ts';
import type { Rule } from './rule.ts';
import { refused, rule } from './rule.ts';

const spatialOf = (dims: readonly number[]): readonly number[] => dims.slice(2);

/** Axes 0 and 2 onward: everything but channels. */
function sumChannels(b: GraphBuilder, dy: string): string {
	const axes = b.dims(dy).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
	return reduce(b, 'ReduceSum', dy, axes, false);
}

/** Size of the input that a transposed window gives without padding: (n − 1)·stride + reach. */
function reach(window: Window, axis: number, positions: number): number {
	const kernel = window.kernel[axis] ?? 1;
	return (
		(positions - 1) * (window.strides[axis] ?? 1) + (window.dilations[axis] ?? 1) * (kernel - 1) + 1
	);
}

/** Spreads dy through a kernel onto an input of the given size (ConvTranspose, then crop or pad). */
function spread(
	b: GraphBuilder,
	dy: string,
	kernel: string,
	window: Window,
	group: number,
	target: readonly number[]
): string {
	const { strides, dilations } = window;
	const wide = b.op('ConvTranspose', [dy, kernel], { strides, dilations, group });
	const now = spatialOf(b.dims(wide));
	// Elements before the padding are cut off; input the windows never reached is zero.
	const begin = window.begin.map((size) => -size);
	const end = target.map((size, i) => size - (now[i] ?? 0) + (window.begin[i] ?? 0));
	return pad(b, wide, [0, 0, ...begin], [0, 0, ...end]);
}

/**
 * Kernel gradient of Y = Conv(X, W): a convolution with batch and channels exchanged, the cotangent as
 * the kernel, stride and dilation exchanged. Groups ride in the channel axis.
 * x [N, C, …], dy [N, M, …] → [M, C/G, k…]
 */
function kernelGradient(
	b: GraphBuilder,
	x: string,
	dy: string,
	window: Window,
	group: number
): string {
	const [n = 1, c = 1, ...size] = b.dims(x);
	const [, m = 1, ...out] = b.dims(dy);
	const each = c / group;
	// Input: [C/G as batch, G·N as channels]; kernel: [M, N] in the same groups.
	const split = reshape(b, x, [n, group, each, ...size]);
	const axes = size.map((_, i) => i + 3);
	const moved = transpose(b, split, [2, 1, 0, ...axes]);
	const input = reshape(b, moved, [each, group * n, ...size]);
	const kernel = transpose(b, dy, [1, 0, ...out.map((_, i) => i + 2)]);
	const wide = b.op('Conv', [input, kernel], {
		strides: window.dilations,
		dilations: window.strides,
		pads: [...window.begin, ...window.end],
		group
	});
	// Input left over behind the last window makes the result longer than the kernel.
	let cut = wide;
	window.kernel.forEach((k, i) => (cut = slice(b, cut, i + 2, 0, k)));
	return reshape(b, transpose(b, cut, [1, 0, ...size.map((_, i) => i + 2)]), [
		m,
		each,
		...window.kernel
	]);
}

/** Y = Conv(X, W) + B: dX spreads dY through W, dW correlates X with dY, dB sums dY. */
const conv: Rule = ({ b, node, dy: [dy], wants }) => {
	const [x = '', w = '', bias] = node.inputs;
	if (dy === undefined) return [];
	const size = spatialOf(b.dims(x));
	const window = windowOf(node, spatialOf(b.dims(w)), size);
	const group = intOf(node, 'group', 1);
	return [
		wants(0) ? spread(b, dy, w, window, group, size) : undefined,
		wants(1) ? kernelGradient(b, x, dy, window, group) : undefined,
		bias && wants(2) ? sumChannels(b, dy) : undefined
	];
};

/** The window of a ConvTranspose, its paddings resolved from output_shape or auto_pad. */
function transposedWindow(b: GraphBuilder, node: Node): Window {
	const [x = '', w = ''] = node.inputs;
	const size = spatialOf(b.dims(x));
	const out = spatialOf(b.dims(node.outputs[0] ?? ''));
	const kernel = spatialOf(b.dims(w));
	const auto = stringOf(node, 'auto_pad', 'NOTSET');
	const plain = windowOf(
		{ ...node, attributes: { ...node.attributes, auto_pad: { kind: 'string', value: 'NOTSET' } } },
		kernel,
		size
	);
	if (auto === 'NOTSET' && !intsOf(node, 'output_shape')) return plain;
	const extra = intsOf(node, 'output_padding');
	const totals = kernel.map(
		(_, i) => reach(plain, i, size[i] ?? 1) + (extra?.[i] ?? 0) - (out[i] ?? 0)
	);
	const small = totals.map((total) => Math.floor(Math.max(total, 0) / 2));
	const large = totals.map((total, i) => Math.max(total, 0) - (small[i] ?? 0));
	// ONNX puts the odd element behind for SAME_UPPER, before otherwise.
	const [begin, end] = auto === 'SAME_UPPER' ? [small, large] : [large, small];
	return { ...plain, begin, end };
}

/** Y = ConvTranspose(X, W): dX = Conv(dY, W), dW as of a convolution with X and dY exchanged. */
const convTranspose: Rule = ({ b, node, dy: [dy], wants }) => {
	const [x = '', w = '', bias] = node.inputs;
	if (dy === undefined) return [];
	const window = transposedWindow(b, node);
	const group = intOf(node, 'group', 1);
	const size = spatialOf(b.dims(x));
	const dx = (): string => {
		const { strides, dilations, begin, end } = window;
		const y = b.op('Conv', [dy, w], { strides, dilations, pads: [...begin, ...end], group });
		return size.reduce((cut, dim, i) => slice(b, cut, i + 2, 0, dim), y);
	};
	return [
		wants(0) ? dx() : undefined,
		wants(1) ? kernelGradient(b, dy, x, window, group) : undefined,
		bias && wants(2) ? sumChannels(b, dy) : undefined
	];
};

/** How many elements each window of an average pool divides by, [1, 1, out…]. */
function poolCounts(
	window: Window,
	size: readonly number[],
	out: readonly number[],
	padded: boolean
): number[] {
	const counts = out.map((positions, axis) => {
		const begin = window.begin[axis] ?? 0;
		const low = padded ? -begin : 0;
		const high = (size[axis] ?? 0) + (padded ? (window.end[axis] ?? 0) : 0);
		return Array.from({ length: positions }, (_, p) => {
			const start = p * (window.strides[axis] ?? 1) - begin;
			const taps = Array.from(
				{ length: window.kernel[axis] ?? 1 },
				(_, k) => start + k * (window.dilations[axis] ?? 1)
			);
			return taps.filter((tap) => tap >= low && tap < high).length;
		});
	});
	return counts.reduce<number[]>((all, axis) => all.flatMap((a) => axis.map((c) => a * c)), [1]);
}

/** Each input of a window gets its share of the window's cotangent. */
const averagePool: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	if (dy === undefined) return [];
	const dims = b.dims(x);
	const size = spatialOf(dims);
	const window = windowOf(node, intsOf(node, 'kernel_shape') ?? [], size);
	const out = spatialOf(b.dims(dy));
	const counts = poolCounts(window, size, out, intOf(node, 'count_include_pad', 0) === 1);
	const type = b.type(dy);
	const divisor = b.constant(constantFrom(type, [1, 1, ...out], counts), 'counts');
	const channels = dims[1] ?? 1;
	const ones = full(b, [channels, 1, ...window.kernel], 1, dy);
	return [spread(b, div(b, dy, divisor), ones, window, channels, size)];
};

/** The cotangent goes to the maximum that MaxPool's own indices name (the first, as in PyTorch). */
const maxPool: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	if (dy === undefined) return [];
	const dims = b.dims(x);
	const total = dims.reduce((m, n) => m * n, 1);
	const count = b.dims(dy).reduce((m, n) => m * n, 1);
	const attributes = { ...node.attributes, storage_order: 0 };
	const [, found = ''] = b.emit('MaxPool', [x], attributes, { outputs: 2 });
	const zeros = full(b, [total], 0, dy);
	const where = reshape(b, found, [count, 1]);
	const sum = b.op('ScatterND', [zeros, where, reshape(b, dy, [count])], { reduction: 'add' });
	return [reshape(b, sum, dims)];
};

const globalAverage: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const dims = b.dims(node.inputs[0] ?? '');
	const count = spatialOf(dims).reduce((m, n) => m * n, 1);
	return [expand(b, scale(b, dy, 1 / count), dims)];
};

const globalMax: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	if (dy === undefined) return [];
	const axes = spatialOf(b.dims(x)).map((_, i) => i + 2);
	const hits = castTo(b, b.op('Equal', [x, node.outputs[0] ?? '']), codeOf(b.type(x)));
	return [mul(b, hits, div(b, dy, reduce(b, 'ReduceSum', hits, axes)))];
};

const roi = refused('regions of interest are not differentiated');

/** Convolutions and pooling. */
export const CONVOLUTION_RULES = {
	Conv: rule(conv),
	ConvTranspose: rule(convTranspose),
	AveragePool: rule(averagePool),
	MaxPool: rule(maxPool),
	GlobalAveragePool: rule(globalAverage),
	GlobalMaxPool: rule(globalMax),
	LpPool: refused('no exporter of the supported families writes it'),
	GlobalLpPool: refused('no exporter of the supported families writes it'),
	MaxUnpool: refused('no exporter of the supported families writes it'),
	DeformConv: refused('its sampling positions are data'),
	Col2Im: refused('no exporter of the supported families writes it'),
	ConvInteger: refused('it multiplies integers; use a float or weight-only quantised model'),
	QLinearConv: refused('it multiplies integers; use a float or weight-only quantised model'),
	MaxRoiPool: roi,
	RoiAlign: roi
};
