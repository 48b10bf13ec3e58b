import type { GraphBuilder } from '../builder.ts';
import { constantFrom } from '../constant.ts';

/** Short forms of the nodes that rules emit most; all return the name of the result. */

export const add = (b: GraphBuilder, x: string, y: string): string => b.op('Add', [x, y]);
export const sub = (b: GraphBuilder, x: string, y: string): string => b.op('Sub', [x, y]);
export const mul = (b: GraphBuilder, x: string, y: string): string => b.op('Mul', [x, y]);
export const div = (b: GraphBuilder, x: string, y: string): string => b.op('Div', [x, y]);
export const neg = (b: GraphBuilder, x: string): string => b.op('Neg', [x]);

/** x · factor; x itself for 1. */
export function scale(b: GraphBuilder, x: string, factor: number): string {
	return factor === 1 ? x : mul(b, x, b.scalarLike(factor, x));
}

/** x + amount. */
export function shift(b: GraphBuilder, x: string, amount: number): string {
	return add(b, x, b.scalarLike(amount, x));
}

/** x², without Pow, which is slow on some devices. */
export function square(b: GraphBuilder, x: string): string {
	return mul(b, x, x);
}

/** dy where the condition holds, 0 elsewhere. */
export function keepWhere(b: GraphBuilder, condition: string, dy: string): string {
	return b.op('Where', [condition, dy, b.scalarLike(0, dy)]);
}

/** x in a new shape; x itself when it has it already. */
export function reshape(b: GraphBuilder, x: string, dims: readonly number[]): string {
	const now = b.dims(x);
	if (now.length === dims.length && now.every((dim, axis) => dim === dims[axis])) return x;
	return b.op('Reshape', [x, b.ints(dims)], dims.includes(0) ? { allowzero: 1 } : {});
}

/** x with its axes reordered; x itself for the identity. */
export function transpose(b: GraphBuilder, x: string, perm: readonly number[]): string {
	if (perm.every((axis, i) => axis === i)) return x;
	return b.op('Transpose', [x], { perm });
}

/** x with its last two axes exchanged. */
export function transposeLast(b: GraphBuilder, x: string): string {
	const rank = b.rank(x);
	const perm = Array.from({ length: rank }, (_, axis) => axis);
	[perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
	return transpose(b, x, perm);
}

/** A reduction over axes, kept with size 1 unless said otherwise; x itself when there are none. */
export function reduce(
	b: GraphBuilder,
	op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceProd',
	x: string,
	axes: readonly number[],
	keepdims = true
): string {
	if (axes.length === 0) return x;
	return b.op(op, [x, b.ints(axes)], { keepdims: keepdims ? 1 : 0 });
}

/** Sums a cotangent over the axes along which its value was broadcast (NumPy rules). */
export function sumTo(b: GraphBuilder, dy: string, dims: readonly number[]): string {
	const from = b.dims(dy);
	const extra = from.length - dims.length;
	const axes = from.flatMap((dim, axis) => {
		const target = axis < extra ? 1 : dims[axis - extra];
		return target === 1 && (dim !== 1 || axis < extra) ? [axis] : [];
	});
	return reshape(b, reduce(b, 'ReduceSum', dy, axes), dims);
}

/** Broadcasts x to a shape; x itself when it has it already. */
export function expand(b: GraphBuilder, x: string, dims: readonly number[]): string {
	const now = b.dims(x);
	if (now.length === dims.length && now.every((dim, axis) => dim === dims[axis])) return x;
	return b.op('Expand', [x, b.ints(dims)]);
}

/** A tensor of one value, of the element type of `like`. */
export function full(
	b: GraphBuilder,
	dims: readonly number[],
	value: number,
	like: string
): string {
	const filling = { kind: 'tensor', value: constantFrom(b.type(like), [1], [value]) } as const;
	return b.op('ConstantOfShape', [b.ints(dims)], { value: filling });
}

/** Elements [start, end) along one axis. */
export function slice(
	b: GraphBuilder,
	x: string,
	axis: number,
	start: number,
	end: number
): string {
	if (start === 0 && end >= (b.dims(x)[axis] ?? 0)) return x;
	return b.op('Slice', [x, b.ints([start]), b.ints([end]), b.ints([axis])]);
}

/** Zero padding (negative sizes cut) before and after each axis; x itself when all are 0. */
export function pad(
	b: GraphBuilder,
	x: string,
	begin: readonly number[],
	end: readonly number[]
): string {
	if ([...begin, ...end].every((size) => size === 0)) return x;
	return b.op('Pad', [x, b.ints([...begin, ...end]), b.scalarLike(0, x)]);
}

/** Positions of a reduction's axes counted from the front. */
export function positiveAxes(axes: readonly number[], rank: number): number[] {
	return axes.map((axis) => (axis < 0 ? axis + rank : axis));
}

/** Sum over all axes of a matrix product with a constant [out, in] matrix along one axis of x. */
export function alongAxis(
	b: GraphBuilder,
	x: string,
	axis: number,
	matrix: readonly (readonly number[])[]
): string {
	const rank = b.rank(x);
	if (rank === 1) {
		const column = reshape(b, x, [...b.dims(x), 1]);
		return reshape(b, alongAxis(b, column, 0, matrix), [matrix.length]);
	}
	const rows = matrix.length;
	const columns = matrix[0]?.length ?? 0;
	const type = b.type(x);
	// y[.., o, ..] = Σ_i matrix[o][i] x[.., i, ..]: along the last axis that is x · matrixᵀ.
	if (axis === rank - 2) {
		const m = b.constant(constantFrom(type, [rows, columns], matrix.flat()), 'matrix');
		return b.op('MatMul', [m, x]);
	}
	const flipped = Array.from({ length: columns }, (_, i) => matrix.map((row) => row[i] ?? 0));
	const m = b.constant(constantFrom(type, [columns, rows], flipped.flat()), 'matrix');
	const perm = Array.from({ length: rank }, (_, i) => i);
	[perm[axis], perm[rank - 1]] = [rank - 1, axis];
	return transpose(b, b.op('MatMul', [transpose(b, x, perm), m]), perm);
}

/** Cast to an element type by its ONNX name in attributes. */
export function castTo(b: GraphBuilder, x: string, code: number): string {
	return b.op('Cast', [x], { to: code });
}
