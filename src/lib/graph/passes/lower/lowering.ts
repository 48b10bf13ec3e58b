import type { GraphBuilder } from '../../builder.ts';
import type { Node } from '../../graph.ts';

export interface LoweringInput {
	readonly b: GraphBuilder;
	readonly node: Node;
	/** The node that makes a value, in the graph before lowering. */
	producer(name: string): Node | undefined;
}

/**
 * Emits nodes that compute what a fused node computes and returns the names that stand for its
 * outputs (undefined for outputs the node does not have). Undefined altogether: left as it is.
 */
export type Lowering = (input: LoweringInput) => readonly (string | undefined)[] | undefined;

/** The i-th input, or undefined when it is omitted. */
export function optional(node: Node, index: number): string | undefined {
	const name = node.inputs[index];
	return name === undefined || name === '' ? undefined : name;
}

/** Whether somebody reads the i-th output. */
export function hasOutput(node: Node, index: number): boolean {
	return (node.outputs[index] ?? '') !== '';
}
