import type { GraphBuilder } from '../../builder.ts';
import type { Node } from '../../graph.ts';
import type { OperatorName } from '../../operators.ts';

/** What a rule sees when the walk passes its node. */
export interface RuleInput {
	readonly b: GraphBuilder;
	readonly node: Node;
	/** Cotangents of the outputs, each of its output's shape; undefined where none arrives. */
	readonly dy: readonly (string | undefined)[];
	/** Whether the gradient of the i-th input is asked for. */
	wants(index: number): boolean;
	/** Whether a value depends differentiably on what gradients are asked for. */
	depends(name: string): boolean;
	/** The node of the forward pass that makes a value. */
	producer(name: string): Node | undefined;
}

/** Emits nodes and returns the cotangent of each input, of its input's shape; undefined is zero. */
export type Rule = (input: RuleInput) => readonly (string | undefined)[];

/**
 * How an operator is differentiated: by a rule; not at all, because its derivative is zero almost
 * everywhere (or its outputs are integers); or it is refused, with the reason the person reads.
 * `lowered` operators are re-written to others before the walk.
 */
export type RuleEntry =
	| { readonly kind: 'rule'; readonly rule: Rule }
	| { readonly kind: 'zero'; readonly why: string }
	| { readonly kind: 'lowered' }
	| { readonly kind: 'refused'; readonly why: string };

export type RuleTable = Readonly<Record<OperatorName, RuleEntry>>;

/** A table entry for an operator with a derivative of its own. */
export function rule(apply: Rule): RuleEntry {
	return { kind: 'rule', rule: apply };
}

/** A table entry for an operator whose derivative is zero almost everywhere, and why. */
export function zero(why: string): RuleEntry {
	return { kind: 'zero', why };
}

/** A table entry for an operator that is not differentiated; the reason reaches the person. */
export function refused(why: string): RuleEntry {
	return { kind: 'refused', why };
}

export const LOWERED: RuleEntry = { kind: 'lowered' };
