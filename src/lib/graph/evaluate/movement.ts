import { intOf, intsOf, tensorOf } from '../attributes.ts';
import { numbersOf } from '../constant.ts';
import { sliceRange } from '../infer/shaping.ts';
import type { Dim } from '../graph.ts';
import type { Evaluate, SmallTensor } from './small-tensor.ts';
import { build, ravel, unravel } from './small-tensor.ts';

const numbers = (tensor: SmallTensor | undefined): number[] | undefined =>
	tensor?.value.every((v) => typeof v === 'number') ? tensor.value.map(Number) : undefined;

const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const gather: Evaluate = (node, [data, indices]) => {
	const which = numbers(indices);
	if (!data || !indices || !which) return undefined;
	const axis = positive(intOf(node, 'axis', 0), data.dims.length);
	const rank = indices.dims.length;
	const dims = [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)];
	return [
		build(data.type, dims, (index) => {
			const chosen = which[ravel(index.slice(axis, axis + rank), indices.dims)] ?? 0;
			const source = [...index.slice(0, axis), positive(chosen, data.dims[axis] ?? 1)];
			return data.value[ravel([...source, ...index.slice(axis + rank)], data.dims)] ?? '';
		})
	];
};

const concat: Evaluate = (node, inputs) => {
	const parts = inputs.filter((part) => part !== undefined);
	const [first] = parts;
	if (!first || parts.length !== inputs.length) return undefined;
	const axis = positive(intOf(node, 'axis', 0), first.dims.length);
	const total = parts.reduce((sum, part) => sum + (part.dims[axis] ?? 0), 0);
	const dims = first.dims.map((dim, i) => (i === axis ? total : dim));
	return [
		build(first.type, dims, (index) => {
			let offset = index[axis] ?? 0;
			for (const part of parts) {
				const size = part.dims[axis] ?? 0;
				if (offset < size) {
					const inside = index.map((value, i) => (i === axis ? offset : value));
					return part.value[ravel(inside, part.dims)] ?? '';
				}
				offset -= size;
			}
			return '';
		})
	];
};

const slice: Evaluate = (node, [data, startsInput, endsInput, axesInput, stepsInput]) => {
	const starts = intsOf(node, 'starts') ?? numbers(startsInput);
	const ends = intsOf(node, 'ends') ?? numbers(endsInput);
	if (!data || !starts || !ends) return undefined;
	if ((node.inputs[3] && !numbers(axesInput)) || (node.inputs[4] && !numbers(stepsInput))) {
		return undefined;
	}
	const axes = intsOf(node, 'axes') ?? numbers(axesInput) ?? starts.map((_, i) => i);
	const steps = numbers(stepsInput);
	const firsts = data.dims.map(() => 0);
	const strides = data.dims.map(() => 1);
	const dims = [...data.dims];
	axes.forEach((raw, i) => {
		const axis = positive(raw, dims.length);
		const step = steps?.[i] ?? 1;
		const [first, count] = sliceRange(data.dims[axis] ?? 0, starts[i] ?? 0, ends[i] ?? 0, step);
		[firsts[axis], strides[axis], dims[axis]] = [first, step, count];
	});
	return [
		build(data.type, dims, (index) => {
			const source = index.map((value, axis) => (firsts[axis] ?? 0) + value * (strides[axis] ?? 1));
			return data.value[ravel(source, data.dims)] ?? '';
		})
	];
};

const expand: Evaluate = (_, [data, shape]) => {
	const target = numbers(shape);
	if (!data || !target) return undefined;
	const rank = Math.max(target.length, data.dims.length);
	const dims = Array.from({ length: rank }, (_, i) => {
		const [a, b] = [
			data.dims[i - rank + data.dims.length] ?? 1,
			target[i - rank + target.length] ?? 1
		];
		return a === 1 ? b : a;
	});
	if (dims.reduce((a, b) => a * b, 1) > 4096) return undefined;
	return [build(data.type, dims, (index) => data.value[ravel(index, data.dims)] ?? '')];
};

const constantOfShape: Evaluate = (node, [shape]) => {
	const dims = numbers(shape);
	if (!dims || dims.reduce((a, b) => a * b, 1) > 4096) return undefined;
	const filling = tensorOf(node, 'value');
	const [value = 0] = (filling && numbersOf(filling)) ?? [0];
	return [build(filling?.type ?? 'float32', dims, () => value)];
};

const transpose: Evaluate = (node, [data]) => {
	if (!data) return undefined;
	const order = intsOf(node, 'perm') ?? data.dims.map((_, i) => data.dims.length - 1 - i);
	const dims = order.map((axis) => data.dims[axis] ?? 1);
	return [
		build(data.type, dims, (index) => {
			const source = data.dims.map(() => 0);
			order.forEach((axis, i) => (source[axis] = index[i] ?? 0));
			return data.value[ravel(source, data.dims)] ?? '';
		})
	];
};

const tile: Evaluate = (_, [data, repeats]) => {
	const times = numbers(repeats);
	if (!data || !times) return undefined;
	const dims = data.dims.map((dim, axis) => dim * (times[axis] ?? 1));
	return [
		build(data.type, dims, (index) => {
			const source = index.map((value, axis) => value % (data.dims[axis] ?? 1));
			return data.value[ravel(source, data.dims)] ?? '';
		})
	];
};

const split: Evaluate = (node, [data, sizesInput]) => {
	const sizes = intsOf(node, 'split') ?? numbers(sizesInput);
	if (!data) return undefined;
	const axis = positive(intOf(node, 'axis', 0), data.dims.length);
	const chunk = Math.ceil((data.dims[axis] ?? 0) / node.outputs.length);
	let start = 0;
	return node.outputs.map((_, i) => {
		const size = sizes?.[i] ?? Math.min(chunk, (data.dims[axis] ?? 0) - start);
		const first = start;
		start += size;
		const dims = data.dims.map((dim, j) => (j === axis ? size : dim));
		return build(data.type, dims, (index) => {
			const source = index.map((value, j) => (j === axis ? value + first : value));
			return data.value[ravel(source, data.dims)] ?? '';
		});
	});
};

/** Indices of non-zero elements, as [rank, count]. */
const nonZero: Evaluate = (_, [data]) => {
	const values = numbers(data);
	if (!data || !values) return undefined;
	const hits = values.flatMap((value, position) =>
		value === 0 ? [] : [unravel(position, data.dims)]
	);
	return [
		build('int64', [data.dims.length, hits.length], ([axis = 0, i = 0]) => hits[i]?.[axis] ?? 0)
	];
};

const scatterND: Evaluate = (node, [data, indices, updates]) => {
	const where = numbers(indices);
	const reduction = node.attributes['reduction'];
	if (!data || !indices || !where || !updates || reduction) return undefined;
	const width = indices.dims.at(-1) ?? 1;
	const block = data.dims.slice(width).reduce((a, b) => a * b, 1);
	const result: Dim[] = [...data.value];
	for (let row = 0; row < where.length / Math.max(width, 1); row++) {
		const index = where
			.slice(row * width, (row + 1) * width)
			.map((value, axis) => positive(value, data.dims[axis] ?? 1));
		const start = ravel(index, data.dims.slice(0, width)) * block;
		for (let i = 0; i < block; i++) result[start + i] = updates.value[row * block + i] ?? '';
	}
	return [{ ...data, value: result }];
};

/** Movement of elements of small tensors. */
export const MOVEMENT: Readonly<Record<string, Evaluate>> = {
	Gather: gather,
	Concat: concat,
	Slice: slice,
	Expand: expand,
	ConstantOfShape: constantOfShape,
	Transpose: transpose,
	Tile: tile,
	Split: split,
	NonZero: nonZero,
	ScatterND: scatterND
};

/** Operators that only change the shape: contents stay in row-major order. */
export const RESHAPING: ReadonlySet<string> = new Set([
	'Reshape',
	'Squeeze',
	'Unsqueeze',
	'Flatten'
]);
