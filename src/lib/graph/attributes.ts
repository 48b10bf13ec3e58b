import type { Attribute, Constant, Node } from './graph.ts';

/** What node-making code writes for an attribute: numbers are ints, `float(x)` is a float. */
export type AttributeLike = Attribute | number | string | readonly number[];

/** A float attribute (a bare number is an int). */
export function float(value: number): Attribute {
	return { kind: 'float', value };
}

/** The full form of an attribute written short. */
export function attributeOf(value: AttributeLike): Attribute {
	if (typeof value === 'number') return { kind: 'int', value };
	if (typeof value === 'string') return { kind: 'string', value };
	return isArray(value) ? { kind: 'ints', value } : value;
}

function isArray(value: Attribute | readonly number[]): value is readonly number[] {
	return Array.isArray(value);
}

/** An int attribute or its default. */
export function intOf(node: Node, name: string, fallback: number): number {
	const attribute = node.attributes[name];
	return attribute?.kind === 'int' ? attribute.value : fallback;
}

/** A float attribute (an int is taken for one) or its default. */
export function floatOf(node: Node, name: string, fallback: number): number {
	const attribute = node.attributes[name];
	return attribute?.kind === 'float' || attribute?.kind === 'int' ? attribute.value : fallback;
}

/** A string attribute or its default. */
export function stringOf(node: Node, name: string, fallback: string): string {
	const attribute = node.attributes[name];
	return attribute?.kind === 'string' ? attribute.value : fallback;
}

/** An ints attribute; undefined when absent. */
export function intsOf(node: Node, name: string): readonly number[] | undefined {
	const attribute = node.attributes[name];
	return attribute?.kind === 'ints' ? attribute.value : undefined;
}

/** A floats attribute; undefined when absent. */
export function floatsOf(node: Node, name: string): readonly number[] | undefined {
	const attribute = node.attributes[name];
	return attribute?.kind === 'floats' ? attribute.value : undefined;
}

/** A tensor attribute; undefined when absent. */
export function tensorOf(node: Node, name: string): Constant | undefined {
	const attribute = node.attributes[name];
	return attribute?.kind === 'tensor' ? attribute.value : undefined;
}
