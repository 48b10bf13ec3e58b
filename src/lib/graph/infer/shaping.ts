import { floatsOf, intOf, intsOf, tensorOf } from '../attributes.ts';
import { numbersOf } from '../constant.ts';
import type { Dim } from '../graph.ts';
import type { Fact, InferRule } from './fact.ts';
import {
	at,
	broadcast,
	isStatic,
	normaliseAxis,
	numbersIn,
	productOf,
	shapeError
} from './fact.ts';
import { axesOf } from './reduction.ts';

const reshape: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const target = at(inputs, 1);
	if (!target.value) {
		const rank = target.dims?.[0];
		return [{ type, dims: typeof rank === 'number' ? Array<Dim>(rank).fill('') : undefined }];
	}
	const keepZero = intOf(node, 'allowzero', 0) === 0;
	const shape = target.value.map((dim, axis) =>
		dim === 0 && keepZero ? (dims?.[axis] ?? '') : dim
	);
	const hole = shape.indexOf(-1);
	if (hole < 0) return [{ type, dims: shape }];
	const rest = shape.filter((_, axis) => axis !== hole);
	shape[hole] = dims ? quotient(dims, rest) : '';
	if (typeof shape[hole] === 'number' && !Number.isInteger(shape[hole])) {
		throw shapeError(node, `[${dims?.join(', ')}] cannot become [${target.value.join(', ')}]`);
	}
	return [{ type, dims: shape }];
};

/** Product of `whole` over product of `part`, cancelling equal symbols; `''` when it stays open. */
function quotient(whole: readonly Dim[], part: readonly Dim[]): Dim {
	const left = [...whole];
	const right: Dim[] = [];
	for (const dim of part) {
		const index = typeof dim === 'string' && dim !== '' ? left.indexOf(dim) : -1;
		if (index >= 0) left.splice(index, 1);
		else right.push(dim);
	}
	const symbols = left.filter((dim) => typeof dim === 'string');
	const [number, divisor] = [
		productOf(left.filter((d) => typeof d === 'number')),
		productOf(right)
	];
	if (typeof number !== 'number' || typeof divisor !== 'number') return '';
	if (symbols.length === 0) return divisor === 0 ? 0 : number / divisor;
	return symbols.length === 1 && number === divisor ? (symbols[0] ?? '') : '';
}

const transpose: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const order = intsOf(node, 'perm') ?? dims?.map((_, axis) => dims.length - 1 - axis);
	return [{ type, dims: dims && order?.map((axis) => dims[axis] ?? '') }];
};

const squeeze: InferRule = (input) => {
	const { type, dims } = at(input.inputs, 0);
	const axes = axesOf(input);
	if (!dims || axes === undefined) return [{ type }];
	const gone =
		axes === 'none' ? undefined : axes.map((a) => normaliseAxis(a, dims.length, input.node));
	return [{ type, dims: dims.filter((dim, axis) => (gone ? !gone.includes(axis) : dim !== 1)) }];
};

const unsqueeze: InferRule = (input) => {
	const { type, dims } = at(input.inputs, 0);
	const axes = axesOf(input);
	if (!dims || axes === undefined || axes === 'none') return [{ type }];
	const rank = dims.length + axes.length;
	const added = axes.map((axis) => (axis < 0 ? axis + rank : axis));
	const rest = [...dims];
	return [
		{
			type,
			dims: Array.from({ length: rank }, (_, i) => (added.includes(i) ? 1 : (rest.shift() ?? '')))
		}
	];
};

const flatten: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	if (!dims) return [{ type, dims: ['', ''] }];
	const axis = intOf(node, 'axis', 1);
	const cut = axis < 0 ? axis + dims.length : axis;
	return [{ type, dims: [productOf(dims.slice(0, cut)), productOf(dims.slice(cut))] }];
};

const expand: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	return [{ type, dims: broadcast([dims, at(inputs, 1).value], node) }];
};

const concat: InferRule = ({ node, inputs }) => {
	const type = inputs.find((fact) => fact.type)?.type;
	const first = inputs.find((fact) => fact.dims)?.dims;
	if (!first) return [{ type }];
	const axis = normaliseAxis(intOf(node, 'axis', 0), first.length, node);
	const sizes = inputs.map((fact) => fact.dims?.[axis] ?? '');
	const known: readonly Dim[] = sizes;
	const total = isStatic(known) ? known.reduce((a, b) => a + b, 0) : '';
	const dims = first.map((dim, i) =>
		i === axis ? total : (inputs.map((f) => f.dims?.[i]).find((d) => typeof d === 'number') ?? dim)
	);
	return [{ type, dims }];
};

const split: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	if (!dims) return node.outputs.map(() => ({ type }));
	const axis = normaliseAxis(intOf(node, 'axis', 0), dims.length, node);
	const sizes = intsOf(node, 'split') ?? numbersIn(at(inputs, 1));
	const total = dims[axis];
	const count = node.outputs.length;
	return node.outputs.map((_, index) => {
		let size: Dim = '';
		if (sizes) size = sizes[index] ?? '';
		else if (typeof total === 'number' && !node.inputs[1]) {
			const chunk = Math.ceil(total / count);
			size = Math.min(chunk, total - index * chunk);
		}
		return { type, dims: dims.map((dim, i) => (i === axis ? size : dim)) };
	});
};

const slice: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	if (!dims) return [{ type }];
	const starts = intsOf(node, 'starts') ?? numbersIn(at(inputs, 1));
	const ends = intsOf(node, 'ends') ?? numbersIn(at(inputs, 2));
	const axes = intsOf(node, 'axes') ?? (node.inputs[3] ? numbersIn(at(inputs, 3)) : undefined);
	const steps = node.inputs[4] ? numbersIn(at(inputs, 4)) : undefined;
	const which = axes ?? (node.inputs[3] ? undefined : dims.map((_, axis) => axis));
	if (!which) return [{ type, dims: dims.map(() => '') }];
	const result = [...dims];
	which.forEach((raw, i) => {
		const axis = normaliseAxis(raw, dims.length, node);
		const dim = dims[axis] ?? '';
		const [start, end, step] = [starts?.[i], ends?.[i], node.inputs[4] ? steps?.[i] : 1];
		if (start === 0 && step === 1 && end !== undefined && end >= 2 ** 31 - 1) return;
		result[axis] =
			typeof dim === 'number' && start !== undefined && end !== undefined && step !== undefined
				? sliceLength(dim, start, end, step)
				: '';
	});
	return [{ type, dims: result }];
};

/** First index and number of elements of a slice along an axis of `dim` elements (ONNX Slice-13). */
export function sliceRange(
	dim: number,
	start: number,
	end: number,
	step: number
): [number, number] {
	const clamp = (value: number, low: number, high: number): number =>
		Math.min(Math.max(value, low), high);
	const from = start < 0 ? start + dim : start;
	const to = end < 0 ? end + dim : end;
	const first = step > 0 ? clamp(from, 0, dim) : clamp(from, 0, dim - 1);
	const last = step > 0 ? clamp(to, 0, dim) : clamp(to, -1, dim - 1);
	return [first, Math.max(0, Math.ceil((last - first) / step))];
}

function sliceLength(dim: number, start: number, end: number, step: number): number {
	return sliceRange(dim, start, end, step)[1];
}

const gather: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const indices = at(inputs, 1).dims;
	if (!dims || !indices) return [{ type }];
	const axis = normaliseAxis(intOf(node, 'axis', 0), dims.length, node);
	return [{ type, dims: [...dims.slice(0, axis), ...indices, ...dims.slice(axis + 1)] }];
};

const gatherElements: InferRule = ({ inputs }) => [
	{ type: at(inputs, 0).type, dims: at(inputs, 1).dims }
];

const gatherND: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const indices = at(inputs, 1).dims;
	const last = indices?.at(-1);
	if (!dims || !indices || typeof last !== 'number') return [{ type }];
	const batch = intOf(node, 'batch_dims', 0);
	return [{ type, dims: [...indices.slice(0, -1), ...dims.slice(batch + last)] }];
};

const tile: InferRule = ({ inputs }) => {
	const { type, dims } = at(inputs, 0);
	const repeats = at(inputs, 1).value;
	return [
		{
			type,
			dims: dims?.map((dim, axis) => {
				const times = repeats?.[axis];
				if (times === 1) return dim;
				return typeof dim === 'number' && typeof times === 'number'
					? dim * times
					: dim === 1
						? (times ?? '')
						: '';
			})
		}
	];
};

const pad: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const pads = intsOf(node, 'pads') ?? numbersIn(at(inputs, 1));
	if (!dims || !pads) return [{ type, dims: dims?.map(() => '') }];
	const axes = (node.inputs[3] ? numbersIn(at(inputs, 3)) : undefined) ?? dims.map((_, i) => i);
	const result = [...dims];
	axes.forEach((raw, i) => {
		const axis = normaliseAxis(raw, dims.length, node);
		const extra = (pads[i] ?? 0) + (pads[i + axes.length] ?? 0);
		const dim = dims[axis] ?? '';
		result[axis] = extra === 0 ? dim : typeof dim === 'number' ? dim + extra : '';
	});
	return [{ type, dims: result }];
};

const shape: InferRule = ({ node, inputs }) => {
	const dims = at(inputs, 0).dims;
	if (!dims) return [{ type: 'int64', dims: [''] }];
	const end = node.attributes['end'] ? intOf(node, 'end', 0) : undefined;
	const value = dims.slice(intOf(node, 'start', 0), end);
	return [{ type: 'int64', dims: [value.length], value }];
};

const size: InferRule = ({ inputs }) => {
	const dims = at(inputs, 0).dims;
	return [{ type: 'int64', dims: [], ...(dims ? { value: [productOf(dims)] } : {}) }];
};

const constantOfShape: InferRule = ({ node, inputs }) => {
	const target = at(inputs, 0);
	const filling = tensorOf(node, 'value');
	const rank = target.dims?.[0];
	return [
		{
			type: filling?.type ?? 'float32',
			dims: target.value ?? (typeof rank === 'number' ? Array<Dim>(rank).fill('') : undefined)
		}
	];
};

const constant: InferRule = ({ node }) => {
	const value = tensorOf(node, 'value');
	if (value) return [{ type: value.type, dims: value.dims, ...contents(numbersOf(value)) }];
	const ints = intsOf(node, 'value_ints');
	if (ints) return [{ type: 'int64', dims: [ints.length], value: ints }];
	const floats = floatsOf(node, 'value_floats');
	if (floats) return [{ type: 'float32', dims: [floats.length], value: floats }];
	const single = node.attributes['value_int'] ?? node.attributes['value_float'];
	if (single?.kind === 'int') return [{ type: 'int64', dims: [], value: [single.value] }];
	return single?.kind === 'float' ? [{ type: 'float32', dims: [], value: [single.value] }] : [];
};

function contents(value: readonly number[] | undefined): { value?: readonly number[] } {
	return value && value.length <= MAX_CONTENTS ? { value } : {};
}

/** Longest tensor whose contents inference keeps: shapes, indices, small masks. */
export const MAX_CONTENTS = 4096;

const range: InferRule = ({ inputs }) => {
	const [start, limit, delta] = [0, 1, 2].map((i) => at(inputs, i).value?.[0]);
	const type = at(inputs, 0).type;
	if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
		return [{ type, dims: [Math.max(0, Math.ceil((limit - start) / delta))] }];
	}
	return [{ type, dims: [start === 0 && delta === 1 ? (limit ?? '') : ''] }];
};

const oneHot: InferRule = ({ node, inputs }) => {
	const dims = at(inputs, 0).dims;
	if (!dims) return [{ type: at(inputs, 2).type }];
	const axis = intOf(node, 'axis', -1);
	const where = axis < 0 ? axis + dims.length + 1 : axis;
	const depth = at(inputs, 1).value?.[0] ?? '';
	return [
		{ type: at(inputs, 2).type, dims: [...dims.slice(0, where), depth, ...dims.slice(where)] }
	];
};

const compress: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const keep = numbersIn(at(inputs, 1));
	const count = keep ? keep.filter((value) => value !== 0).length : '';
	if (!dims || !node.attributes['axis']) return [{ type, dims: [count] }];
	const axis = normaliseAxis(intOf(node, 'axis', 0), dims.length, node);
	return [{ type, dims: dims.map((dim, i) => (i === axis ? count : dim)) }];
};

const nonZero: InferRule = ({ inputs }) => {
	const rank = at(inputs, 0).dims?.length;
	return [{ type: 'int64', dims: [rank ?? '', ''] }];
};

const depthToSpace: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const block = intOf(node, 'blocksize', 1);
	const grow = node.op === 'DepthToSpace';
	const scaled = dims?.map((dim, axis): Dim => {
		if (axis === 0 || typeof dim !== 'number') return axis === 0 ? dim : '';
		if (axis === 1) return grow ? dim / block ** 2 : dim * block ** 2;
		return grow ? dim * block : dim / block;
	});
	return [{ type, dims: scaled }];
};

const eyeLike: InferRule = ({ inputs }): Fact[] => [
	{ type: at(inputs, 0).type, dims: at(inputs, 0).dims }
];

/** Shapes of operators that move elements about or make them from shapes. */
export const SHAPING: Readonly<Record<string, InferRule>> = {
	Reshape: reshape,
	Transpose: transpose,
	Squeeze: squeeze,
	Unsqueeze: unsqueeze,
	Flatten: flatten,
	Expand: expand,
	Concat: concat,
	Split: split,
	Slice: slice,
	Gather: gather,
	GatherElements: gatherElements,
	GatherND: gatherND,
	Tile: tile,
	Pad: pad,
	Shape: shape,
	Size: size,
	ConstantOfShape: constantOfShape,
	Constant: constant,
	Range: range,
	OneHot: oneHot,
	NonZero: nonZero,
	Compress: compress,
	DepthToSpace: depthToSpace,
	SpaceToDepth: depthToSpace,
	EyeLike: eyeLike
};
