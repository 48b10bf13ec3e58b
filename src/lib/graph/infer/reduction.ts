import { intOf, intsOf } from '../attributes.ts';
import type { Dim } from '../graph.ts';
import type { Fact, InferInput, InferRule } from './fact.ts';
import { at, normaliseAxis, numbersIn } from './fact.ts';

/**
 * The axes an operator works along: an attribute in old operator sets, the second input in new
 * ones; undefined when they are computed at run time.
 */
export function axesOf({ node, inputs }: InferInput): readonly number[] | 'none' | undefined {
	const attribute = intsOf(node, 'axes');
	if (attribute) return attribute;
	if (!node.inputs[1]) return 'none';
	return numbersIn(at(inputs, 1));
}

const reduce: InferRule = (input) => {
	const { node, inputs } = input;
	const { type, dims } = at(inputs, 0);
	const keep = intOf(node, 'keepdims', 1) === 1;
	let axes = axesOf(input);
	if (!dims || axes === undefined)
		return [{ type, dims: keep && dims ? dims.map(() => '') : undefined }];
	if (axes === 'none' || axes.length === 0) {
		if (intOf(node, 'noop_with_empty_axes', 0) === 1) return [{ type, dims }];
		axes = dims.map((_, axis) => axis);
	}
	return [
		{
			type,
			dims: without(
				dims,
				axes.map((axis) => normaliseAxis(axis, dims.length, node)),
				keep
			)
		}
	];
};

function without(dims: readonly Dim[], axes: readonly number[], keep: boolean): Dim[] {
	return keep
		? dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
		: dims.filter((_, axis) => !axes.includes(axis));
}

const argument: InferRule = ({ node, inputs }) => {
	const { dims } = at(inputs, 0);
	if (!dims) return [{ type: 'int64' }];
	const axis = normaliseAxis(intOf(node, 'axis', 0), dims.length, node);
	return [{ type: 'int64', dims: without(dims, [axis], intOf(node, 'keepdims', 1) === 1) }];
};

const topK: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	if (!dims) return [{ type }, { type: 'int64' }];
	const axis = normaliseAxis(intOf(node, 'axis', -1), dims.length, node);
	const k = at(inputs, 1).value?.[0] ?? '';
	const shape = dims.map((dim, i) => (i === axis ? k : dim));
	const values: Fact = { type, dims: shape };
	return [values, { type: 'int64', dims: shape }];
};

/** Shapes of operators that fold axes away. */
export const REDUCTION: Readonly<Record<string, InferRule>> = {
	...Object.fromEntries(
		// prettier-ignore
		['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'].map((name) => [`Reduce${name}`, reduce])
	),
	ArgMax: argument,
	ArgMin: argument,
	TopK: topK
};
