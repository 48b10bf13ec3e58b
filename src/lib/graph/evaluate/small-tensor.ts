import type { ElementType } from '../element-type.ts';
import type { Dim, Node } from '../graph.ts';

/** A small tensor with known contents, row-major; an element may be a symbolic size. */
export interface SmallTensor {
	readonly type: ElementType;
	readonly dims: readonly number[];
	readonly value: readonly Dim[];
}

/** Computes outputs of a node from known inputs; undefined when it cannot be done ahead. */
export type Evaluate = (
	node: Node,
	inputs: readonly (SmallTensor | undefined)[]
) => readonly (SmallTensor | undefined)[] | undefined;

/** Row-major strides of a shape. */
export function stridesOf(dims: readonly number[]): number[] {
	const strides = dims.map(() => 1);
	for (let axis = dims.length - 2; axis >= 0; axis--) {
		strides[axis] = (strides[axis + 1] ?? 1) * (dims[axis + 1] ?? 1);
	}
	return strides;
}

/** The index along each axis of a flat position. */
export function unravel(position: number, dims: readonly number[]): number[] {
	const index = dims.map(() => 0);
	let rest = position;
	for (let axis = dims.length - 1; axis >= 0; axis--) {
		const dim = dims[axis] ?? 1;
		index[axis] = rest % dim;
		rest = Math.floor(rest / dim);
	}
	return index;
}

/** The flat position of an index; axes of size 1 broadcast, missing leading axes are ignored. */
export function ravel(index: readonly number[], dims: readonly number[]): number {
	const skip = index.length - dims.length;
	let position = 0;
	dims.forEach((dim, axis) => {
		position = position * dim + (dim === 1 ? 0 : (index[axis + skip] ?? 0));
	});
	return position;
}

/** A tensor whose element at each index is `pick(index)`. */
export function build(
	type: ElementType,
	dims: readonly number[],
	pick: (index: readonly number[]) => Dim
): SmallTensor {
	const size = dims.reduce((a, b) => a * b, 1);
	return { type, dims, value: Array.from({ length: size }, (_, i) => pick(unravel(i, dims))) };
}

/** Rounds or wraps a number as its element type would. */
export function coerce(type: ElementType, value: number): number {
	switch (type) {
		case 'float32':
			return Math.fround(value);
		case 'int64':
		case 'uint64':
			return Math.trunc(value);
		case 'int32':
			return Math.abs(value) < 2 ** 53
				? Number(BigInt.asIntN(32, BigInt(Math.trunc(value))))
				: value;
		case 'uint8':
			return Math.trunc(value) & 255;
		case 'bool':
			return value === 0 ? 0 : 1;
		default:
			return value;
	}
}

export function isInteger(type: ElementType): boolean {
	return /^u?int|^bool$/.test(type);
}
