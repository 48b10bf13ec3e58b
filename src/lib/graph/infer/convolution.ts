import { intOf, intsOf, stringOf } from '../attributes.ts';
import type { Dim, Node } from '../graph.ts';
import type { InferRule } from './fact.ts';
import { at, numbersIn } from './fact.ts';

/** Geometry of a window operator along its spatial axes. */
export interface Window {
	readonly kernel: readonly number[];
	readonly strides: readonly number[];
	readonly dilations: readonly number[];
	/** Padding before each axis. */
	readonly begin: readonly number[];
	/** Padding after each axis. */
	readonly end: readonly number[];
}

/**
 * The geometry of a Conv or pooling node, auto_pad resolved to numbers.
 * @param spatial sizes of the input's spatial axes, needed for SAME paddings
 */
export function windowOf(node: Node, kernel: readonly number[], spatial: readonly Dim[]): Window {
	const ones = kernel.map(() => 1);
	const strides = intsOf(node, 'strides') ?? ones;
	const dilations = intsOf(node, 'dilations') ?? ones;
	const auto = stringOf(node, 'auto_pad', 'NOTSET');
	const pads = intsOf(node, 'pads') ?? kernel.flatMap(() => [0, 0]);
	let begin = kernel.map((_, i) => pads[i] ?? 0);
	let end = kernel.map((_, i) => pads[i + kernel.length] ?? 0);
	if (auto === 'VALID') {
		[begin, end] = [ones.map(() => 0), ones.map(() => 0)];
	} else if (auto.startsWith('SAME')) {
		const totals = kernel.map((size, i) => {
			const dim = spatial[i];
			const [stride, dilation] = [strides[i] ?? 1, dilations[i] ?? 1];
			if (typeof dim !== 'number') return dilation * (size - 1);
			return Math.max(0, (Math.ceil(dim / stride) - 1) * stride + dilation * (size - 1) + 1 - dim);
		});
		const small = totals.map((total) => Math.floor(total / 2));
		const large = totals.map((total, i) => total - (small[i] ?? 0));
		[begin, end] = auto === 'SAME_UPPER' ? [small, large] : [large, small];
	}
	return { kernel, strides, dilations, begin, end };
}

/** Number of window positions along one axis. */
function positions(dim: Dim, window: Window, axis: number, ceil: boolean): Dim {
	if (typeof dim !== 'number') return '';
	const stride = window.strides[axis] ?? 1;
	const reach = (window.dilations[axis] ?? 1) * ((window.kernel[axis] ?? 1) - 1) + 1;
	const begin = window.begin[axis] ?? 0;
	const exact = (dim + begin + (window.end[axis] ?? 0) - reach) / stride + 1;
	if (!ceil) return Math.floor(exact);
	// A window that starts in the padding behind the input does not count.
	const count = Math.ceil(exact);
	return (count - 1) * stride >= dim + begin ? count - 1 : count;
}

const conv: InferRule = ({ node, inputs }) => {
	const integer = node.op === 'ConvInteger';
	const weight = at(inputs, node.op === 'QLinearConv' ? 3 : 1).dims;
	const { type, dims } = at(inputs, 0);
	if (!dims || !weight) return [{ type: integer ? 'int32' : type }];
	const kernel = intsOf(node, 'kernel_shape') ?? weight.slice(2).map(Number);
	const window = windowOf(node, kernel, dims.slice(2));
	const spatial = dims.slice(2).map((dim, i) => positions(dim, window, i, false));
	return [{ type: integer ? 'int32' : type, dims: [dims[0] ?? '', weight[0] ?? '', ...spatial] }];
};

const convTranspose: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const weight = at(inputs, 1).dims;
	if (!dims || !weight) return [{ type }];
	const kernel = intsOf(node, 'kernel_shape') ?? weight.slice(2).map(Number);
	const given = intsOf(node, 'output_shape');
	const window = windowOf(node, kernel, dims.slice(2));
	const extra = intsOf(node, 'output_padding');
	const same = stringOf(node, 'auto_pad', 'NOTSET').startsWith('SAME');
	const spatial = dims.slice(2).map((dim, i): Dim => {
		if (given) return given[i] ?? '';
		if (typeof dim !== 'number') return '';
		const stride = window.strides[i] ?? 1;
		if (same) return dim * stride;
		const reach = (window.dilations[i] ?? 1) * ((kernel[i] ?? 1) - 1) + 1;
		const pads = (window.begin[i] ?? 0) + (window.end[i] ?? 0);
		return (dim - 1) * stride + reach + (extra?.[i] ?? 0) - pads;
	});
	const channels = weight[1];
	const total = typeof channels === 'number' ? channels * intOf(node, 'group', 1) : '';
	return [{ type, dims: [dims[0] ?? '', total, ...spatial] }];
};

const pool: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const kernel = intsOf(node, 'kernel_shape');
	if (!dims || !kernel) return [{ type }];
	const window = windowOf(node, kernel, dims.slice(2));
	const same = stringOf(node, 'auto_pad', 'NOTSET').startsWith('SAME');
	const ceil = intOf(node, 'ceil_mode', 0) === 1 && !same;
	const spatial = dims.slice(2).map((dim, i) => positions(dim, window, i, ceil));
	const shape = [...dims.slice(0, 2), ...spatial];
	return [
		{ type, dims: shape },
		{ type: 'int64', dims: shape }
	];
};

const globalPool: InferRule = ({ inputs }) => {
	const { type, dims } = at(inputs, 0);
	return [{ type, dims: dims?.map((dim, axis) => (axis < 2 ? dim : 1)) }];
};

const resize: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	if (!dims) return [{ type }];
	const upsample = node.op === 'Upsample';
	const scales = numbersIn(at(inputs, upsample ? 1 : 2));
	const sizes = node.inputs[3] ? at(inputs, 3).value : undefined;
	const axes = intsOf(node, 'axes') ?? dims.map((_, axis) => axis);
	const result = [...dims];
	axes.forEach((raw, i) => {
		const axis = raw < 0 ? raw + dims.length : raw;
		const [dim, scale] = [dims[axis] ?? '', scales?.[i]];
		if (sizes) result[axis] = sizes[i] ?? '';
		else if (scale === 1) return;
		else
			result[axis] = typeof dim === 'number' && scale !== undefined ? Math.floor(dim * scale) : '';
	});
	return [{ type, dims: result }];
};

const gridSample: InferRule = ({ inputs }) => {
	const [x, grid] = [at(inputs, 0), at(inputs, 1).dims];
	if (!x.dims || !grid) return [{ type: x.type }];
	return [{ type: x.type, dims: [...x.dims.slice(0, 2), ...grid.slice(1, -1)] }];
};

/** Shapes of convolutions, pooling and resampling. */
export const CONVOLUTION: Readonly<Record<string, InferRule>> = {
	Conv: conv,
	ConvInteger: conv,
	QLinearConv: conv,
	'com.microsoft.FusedConv': conv,
	ConvTranspose: convTranspose,
	MaxPool: pool,
	AveragePool: pool,
	LpPool: pool,
	GlobalAveragePool: globalPool,
	GlobalMaxPool: globalPool,
	GlobalLpPool: globalPool,
	Resize: resize,
	Upsample: resize,
	GridSample: gridSample
};
