import { StudioError } from '../../core/errors.ts';
import type { ElementType } from '../element-type.ts';
import type { Dim, Node } from '../graph.ts';
import { describeNode } from '../graph.ts';

/**
 * What is known of a value before running: type, shape and, for small tensors, contents. A content
 * may be a symbolic size (a string), so that `Shape` → `Gather` → `Concat` → `Reshape` stays exact.
 */
export interface Fact {
	readonly type?: ElementType | undefined;
	readonly dims?: readonly Dim[] | undefined;
	readonly value?: readonly Dim[] | undefined;
}

export const UNKNOWN: Fact = {};

/** What an inference rule sees: the node, its inputs' facts (UNKNOWN when omitted), the opset. */
export interface InferInput {
	readonly node: Node;
	readonly inputs: readonly Fact[];
	readonly opset: number;
}

/** Facts of a node's outputs, in order; fewer than outputs means the rest is unknown. */
export type InferRule = (input: InferInput) => readonly Fact[];

/** The i-th fact, UNKNOWN when the input is omitted. */
export function at(inputs: readonly Fact[], index: number): Fact {
	return inputs[index] ?? UNKNOWN;
}

/** Whether a shape is known to the last number. */
export function isStatic(dims: readonly Dim[] | undefined): dims is readonly number[] {
	return dims?.every((dim) => typeof dim === 'number') ?? false;
}

/** Known contents as numbers; undefined when unknown or partly symbolic. */
export function numbersIn(fact: Fact): readonly number[] | undefined {
	return isStatic(fact.value) ? fact.value : undefined;
}

/** Size of one broadcast axis. An unknown or symbolic size gives way to a known one above 1. */
export function broadcastDim(a: Dim, b: Dim, node: Node): Dim {
	if (a === b) return a;
	if (a === 1) return b;
	if (b === 1) return a;
	if (typeof a === 'number' && typeof b === 'number') {
		throw shapeError(node, `sizes ${a} and ${b} do not broadcast`);
	}
	if (typeof a === 'number') return a;
	if (typeof b === 'number') return b;
	return '';
}

/** NumPy broadcasting of shapes; undefined when one is unknown. */
export function broadcast(
	shapes: readonly (readonly Dim[] | undefined)[],
	node: Node
): readonly Dim[] | undefined {
	let result: readonly Dim[] = [];
	for (const shape of shapes) {
		if (!shape) return undefined;
		const rank = Math.max(result.length, shape.length);
		const previous = result;
		result = Array.from({ length: rank }, (_, axis) =>
			broadcastDim(
				previous[axis - rank + previous.length] ?? 1,
				shape[axis - rank + shape.length] ?? 1,
				node
			)
		);
	}
	return result;
}

/** An axis counted from the front. @throws StudioError when it lies outside */
export function normaliseAxis(axis: number, rank: number, node: Node): number {
	const positive = axis < 0 ? axis + rank : axis;
	if (positive < 0 || positive >= Math.max(rank, 1)) {
		throw shapeError(node, `axis ${axis} lies outside a tensor of rank ${rank}`);
	}
	return positive;
}

/** A mismatch of shapes, naming the node. */
export function shapeError(node: Node, why: string): StudioError {
	return new StudioError(
		'bad-model',
		`Shapes do not fit at ${describeNode(node)}: ${why}.`,
		'Check the shapes of the inputs against `inspect`, or export the model again.'
	);
}

/** Product of sizes; `''` when one is not a number. */
export function productOf(dims: readonly Dim[]): Dim {
	return isStatic(dims) ? dims.reduce((a, b) => a * b, 1) : '';
}
