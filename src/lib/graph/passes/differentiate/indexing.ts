import { intOf, stringOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { constantFrom } from '../../constant.ts';
import { sliceRange } from '../../infer/shaping.ts';
import {
	alongAxis,
	full,
	mul,
	pad,
	positiveAxes,
	reduce,
	reshape,
	slice,
	sumTo,
	transpose
} from '../emit.ts';
import type { Rule } from './rule.ts';
import { refused, rule, zero } from './rule.ts';

/** Operators that only change the shape: the cotangent takes the old shape. */
const reshaping: Rule = ({ b, node, dy: [dy] }) =>
	dy === undefined ? [] : [reshape(b, dy, b.dims(node.inputs[0] ?? ''))];

const transposed: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const rank = b.rank(node.inputs[0] ?? '');
	const perm = node.attributes['perm'];
	const order =
		perm?.kind === 'ints' ? perm.value : Array.from({ length: rank }, (_, i) => rank - 1 - i);
	return [
		transpose(
			b,
			dy,
			order.map((_, axis) => order.indexOf(axis))
		)
	];
};

/** Broadcasting sums back. */
const expanded: Rule = ({ b, node, dy: [dy] }) =>
	dy === undefined ? [] : [sumTo(b, dy, b.dims(node.inputs[0] ?? ''))];

/** Each repetition adds to the same element. */
const tile: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const dims = b.dims(node.inputs[0] ?? '');
	const out = b.dims(dy);
	const split = dims.flatMap((dim, axis) => [dim === 0 ? 0 : (out[axis] ?? 0) / dim, dim]);
	const axes = dims.flatMap((_, axis) => (split[2 * axis] === 1 ? [] : [2 * axis]));
	return [reshape(b, reduce(b, 'ReduceSum', reshape(b, dy, split), axes), dims)];
};

const concat: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const [axis = 0] = positiveAxes([intOf(node, 'axis', 0)], b.rank(dy));
	let start = 0;
	return node.inputs.map((x, i) => {
		const end = start + (b.dims(x)[axis] ?? 0);
		const part = wants(i) ? slice(b, dy, axis, start, end) : undefined;
		start = end;
		return part;
	});
};

const split: Rule = ({ b, node, dy }) => {
	const x = node.inputs[0] ?? '';
	const [axis = 0] = positiveAxes([intOf(node, 'axis', 0)], b.rank(x));
	const given = node.inputs[1] ? b.value(node.inputs[1]) : undefined;
	const dims = b.dims(x);
	const total = dims[axis] ?? 0;
	const chunk = Math.ceil(total / node.outputs.length);
	const parts = node.outputs.map((_, i) => {
		// An output that nobody reads may have no name, so sizes come from the node.
		const size = given?.[i] ?? Math.min(chunk, total - i * chunk);
		return (
			dy[i] ??
			full(
				b,
				dims.map((dim, j) => (j === axis ? size : dim)),
				0,
				x
			)
		);
	});
	return [parts.length === 1 ? parts[0] : b.op('Concat', parts, { axis })];
};

/** A slice of step 1 pads back; other steps scatter back by a selection matrix along the axis. */
const sliced: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const [x = '', starts = '', ends = '', axesInput, stepsInput] = node.inputs;
	const dims = b.dims(x);
	const [from, to] = [b.value(starts), b.value(ends)];
	const steps = stepsInput ? b.value(stepsInput) : from?.map(() => 1);
	const axes = axesInput ? b.value(axesInput) : from?.map((_, i) => i);
	if (!from || !to || !steps || !axes) return unknownIndices();
	const [begin, end] = [dims.map(() => 0), dims.map(() => 0)];
	let g = dy;
	positiveAxes(axes, dims.length).forEach((axis, i) => {
		const dim = dims[axis] ?? 0;
		const step = steps[i] ?? 1;
		const [first, count] = sliceRange(dim, from[i] ?? 0, to[i] ?? 0, step);
		if (step === 1) {
			[begin[axis], end[axis]] = [first, dim - first - count];
		} else {
			g = alongAxis(
				b,
				g,
				axis,
				selection(
					dim,
					Array.from({ length: count }, (_, j) => first + j * step)
				)
			);
		}
	});
	return [pad(b, g, begin, end)];
};

function unknownIndices(): never {
	throw new RangeError('starts, ends, axes and steps must be known before running');
}

/** The [size, picks] matrix whose product puts each pick back in its place. */
function selection(size: number, picks: readonly number[]): number[][] {
	return Array.from({ length: size }, (_, row) => picks.map((pick) => (pick === row ? 1 : 0)));
}

const MAX_SELECTION = 1 << 16;

/**
 * y = x[.., indices, ..]: the cotangent is added into zeros at the indices. Few known indices go by a
 * one-hot product, which every device has; others by ScatterND (add) along the leading axis.
 */
const gather: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const [x = '', indices = ''] = node.inputs;
	const dims = b.dims(x);
	const [axis = 0] = positiveAxes([intOf(node, 'axis', 0)], dims.length);
	const [before, size, after] = [dims.slice(0, axis), dims[axis] ?? 0, dims.slice(axis + 1)];
	const shape = b.dims(indices);
	const count = shape.reduce((m, n) => m * n, 1);
	const g = reshape(b, dy, [...before, count, ...after]);
	const known = b.value(indices)?.map((index) => (index < 0 ? index + size : index));
	if (known?.length === 1 && known[0] !== undefined) {
		const begin = dims.map((_, i) => (i === axis ? (known[0] ?? 0) : 0));
		const end = dims.map((_, i) => (i === axis ? size - 1 - (known[0] ?? 0) : 0));
		return [pad(b, g, begin, end)];
	}
	if (known && size * count <= MAX_SELECTION)
		return [alongAxis(b, g, axis, selection(size, known))];
	const order = [axis, ...dims.map((_, i) => i).filter((i) => i !== axis)];
	const back = order.map((_, i) => order.indexOf(i));
	const zeros = full(b, [size, ...before, ...after], 0, dy);
	const where = reshape(b, positiveIndices(b, indices, size), [count, 1]);
	const sum = b.op('ScatterND', [zeros, where, transpose(b, g, order)], { reduction: 'add' });
	return [transpose(b, sum, back)];
};

/** Indices counted from the front, in int64; known ones are a constant. */
function positiveIndices(b: GraphBuilder, indices: string, size: number): string {
	const known = b.value(indices);
	if (known) {
		const values = known.map((index) => (index < 0 ? index + size : index));
		return b.constant(constantFrom('int64', b.dims(indices), values), 'indices');
	}
	return b.type(indices) === 'int64' ? indices : b.op('Cast', [indices], { to: 7 });
}

const gatherElements: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const [x = '', indices = ''] = node.inputs;
	const zeros = full(b, b.dims(x), 0, dy);
	const axis = intOf(node, 'axis', 0);
	return [b.op('ScatterElements', [zeros, indices, dy], { axis, reduction: 'add' })];
};

/** batch_dims are turned into explicit leading indices first. */
const gatherND: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const [x = '', indices = ''] = node.inputs;
	const batch = intOf(node, 'batch_dims', 0);
	const where = batch === 0 ? indices : withBatch(b, indices, batch);
	const zeros = full(b, b.dims(x), 0, dy);
	return [b.op('ScatterND', [zeros, where, dy], { reduction: 'add' })];
};

function withBatch(b: GraphBuilder, indices: string, batch: number): string {
	const dims = b.dims(indices);
	const shape = dims.slice(0, -1);
	const columns = Array.from({ length: batch }, (_, axis) => {
		const inner = shape.slice(axis + 1).reduce((m, n) => m * n, 1);
		const size = shape[axis] ?? 1;
		const total = shape.reduce((m, n) => m * n, 1);
		const values = Array.from({ length: total }, (_, i) => Math.floor(i / inner) % size);
		return b.constant(constantFrom('int64', [...shape, 1], values), 'batch');
	});
	return b.op('Concat', [...columns, indices], { axis: -1 });
}

/** Updates overwrite or add: what was overwritten has no gradient, updates gather theirs. */
const scatterND: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const [, indices = '', updates = ''] = node.inputs;
	const adding = reductionOf(
		node.attributes['reduction'] ? stringOf(node, 'reduction', '') : 'none'
	);
	const zeros = (): string => full(b, b.dims(updates), 0, dy);
	return [
		wants(0) ? (adding ? dy : b.op('ScatterND', [dy, indices, zeros()])) : undefined,
		undefined,
		wants(2) ? b.op('GatherND', [dy, indices]) : undefined
	];
};

const scatterElements: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const [, indices = '', updates = ''] = node.inputs;
	const axis = intOf(node, 'axis', 0);
	const adding = reductionOf(stringOf(node, 'reduction', 'none'));
	const zeros = (): string => full(b, b.dims(updates), 0, dy);
	return [
		wants(0)
			? adding
				? dy
				: b.op('ScatterElements', [dy, indices, zeros()], { axis })
			: undefined,
		undefined,
		wants(2) ? b.op('GatherElements', [dy, indices], { axis }) : undefined
	];
};

/** Whether a scatter adds. @throws RangeError for mul, min and max, which have no rule */
function reductionOf(reduction: string): boolean {
	if (reduction === 'none' || reduction === 'add') return reduction === 'add';
	throw new RangeError(`reduction "${reduction}" has no rule`);
}

/** The k chosen values take their cotangents back to where they came from. */
const topK: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const zeros = full(b, b.dims(node.inputs[0] ?? ''), 0, dy);
	const axis = intOf(node, 'axis', -1);
	return [b.op('ScatterElements', [zeros, node.outputs[1] ?? '', dy], { axis })];
};

/** y keeps one triangle: so does the cotangent. */
const trilu: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const k = node.inputs[1];
	return [b.op('Trilu', k ? [dy, k] : [dy], { upper: intOf(node, 'upper', 1) })];
};

/** Reversing is its own inverse. */
const reverseSequence: Rule = ({ b, node, dy: [dy] }) =>
	dy === undefined ? [] : [b.op('ReverseSequence', [dy, node.inputs[1] ?? ''], node.attributes)];

/** Values given for "on" and "off" collect what falls on their places. */
const oneHot: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const y = node.outputs[0] ?? '';
	const [indices = '', depth = ''] = node.inputs;
	const code = b.constant(constantFrom(b.type(dy), [2], [0, 1]), 'on_off');
	const on = b.op('OneHot', [indices, depth, code], { axis: intOf(node, 'axis', -1) });
	const all = b.dims(y).map((_, axis) => axis);
	const total = (x: string): string => reshape(b, reduce(b, 'ReduceSum', x, all), [1]);
	const lit = total(mul(b, dy, on));
	const rest = b.op('Sub', [total(dy), lit]);
	return [undefined, undefined, b.op('Concat', [rest, lit], { axis: 0 })];
};

/** Inverse rearrangements of blocks. */
const depthToSpace: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const blocksize = intOf(node, 'blocksize', 1);
	if (stringOf(node, 'mode', 'DCR') === 'DCR') return [b.op('SpaceToDepth', [dy], { blocksize })];
	// CRD: [n, c, h, r, w, s] → [n, c, r, s, h, w].
	const [n = 1, , h = 1, w = 1] = b.dims(node.inputs[0] ?? '');
	const c = b.dims(dy)[1] ?? 1;
	const wide = reshape(b, dy, [n, c, h, blocksize, w, blocksize]);
	const ordered = transpose(b, wide, [0, 1, 3, 5, 2, 4]);
	return [reshape(b, ordered, b.dims(node.inputs[0] ?? ''))];
};

const spaceToDepth: Rule = ({ b, node, dy: [dy] }) =>
	dy === undefined ? [] : [b.op('DepthToSpace', [dy], { blocksize: intOf(node, 'blocksize', 1) })];

/** Rows kept by a condition: a zero tensor takes them back by index. */
const compress: Rule = ({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const [x = '', condition = ''] = node.inputs;
	const keep = b.value(condition);
	if (!keep) throw new RangeError('its condition is computed at run time');
	const dims = b.dims(x);
	if (!node.attributes['axis']) {
		const size = dims.reduce((m, n) => m * n, 1);
		const flat = keep.flatMap((value, i) => (value ? [i] : []));
		return [reshape(b, alongAxis(b, dy, 0, selection(size, flat)), dims)];
	}
	const [axis = 0] = positiveAxes([intOf(node, 'axis', 0)], dims.length);
	const picks = keep.flatMap((value, i) => (value ? [i] : []));
	return [alongAxis(b, dy, axis, selection(dims[axis] ?? 0, picks))];
};

const shape = 'its result depends on shapes or integers only';

/** Operators that move elements about. */
export const INDEXING_RULES = {
	Reshape: rule(reshaping),
	Squeeze: rule(reshaping),
	Unsqueeze: rule(reshaping),
	Flatten: rule(reshaping),
	Transpose: rule(transposed),
	Expand: rule(expanded),
	Tile: rule(tile),
	Concat: rule(concat),
	Split: rule(split),
	Slice: rule(sliced),
	Gather: rule(gather),
	GatherElements: rule(gatherElements),
	GatherND: rule(gatherND),
	ScatterND: rule(scatterND),
	ScatterElements: rule(scatterElements),
	Scatter: rule(scatterElements),
	TopK: rule(topK),
	Trilu: rule(trilu),
	ReverseSequence: rule(reverseSequence),
	OneHot: rule(oneHot),
	DepthToSpace: rule(depthToSpace),
	SpaceToDepth: rule(spaceToDepth),
	Compress: rule(compress),
	Shape: zero(shape),
	Size: zero(shape),
	ConstantOfShape: zero(shape),
	Constant: zero('it is constant'),
	EyeLike: zero(shape),
	NonZero: zero('its result is indices'),
	Range: zero('its values count steps'),
	Unique: refused('the shape of its result depends on the data'),
	CenterCropPad: refused('no exporter of the supported families writes it'),
	TensorScatter: refused('its write position is data')
};
