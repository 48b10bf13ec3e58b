import { intOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { codeOf } from '../../element-type.ts';
import type { Node } from '../../graph.ts';
import {
	castTo,
	div,
	expand,
	keepWhere,
	mul,
	positiveAxes,
	reduce,
	reshape,
	scale,
	sub
} from '../emit.ts';
import { rule, zero } from './rule.ts';

interface Reduction {
	readonly b: GraphBuilder;
	readonly x: string;
	/** The result with reduced axes of size 1. */
	readonly y: string;
	/** The cotangent with reduced axes of size 1. */
	readonly dy: string;
	readonly axes: readonly number[];
	/** Elements that go into one result. */
	readonly count: number;
}

function axesOf(b: GraphBuilder, node: Node, rank: number): readonly number[] {
	const given = node.inputs[1] ? b.value(node.inputs[1]) : undefined;
	if (given && given.length > 0) return positiveAxes(given, rank);
	return intOf(node, 'noop_with_empty_axes', 0) === 1
		? []
		: Array.from({ length: rank }, (_, i) => i);
}

/** A rule for a reduction: emits the gradient, which is then broadcast to x's shape. */
function reduction(apply: (input: Reduction) => string): ReturnType<typeof rule> {
	return rule(({ b, node, dy: [dy] }) => {
		const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
		if (dy === undefined) return [];
		const dims = b.dims(x);
		const axes = axesOf(b, node, dims.length);
		const kept = dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
		const count = axes.reduce((n, axis) => n * (dims[axis] ?? 1), 1);
		const input = { b, x, y: reshape(b, y, kept), dy: reshape(b, dy, kept), axes, count };
		return [expand(b, apply(input), dims)];
	});
}

const sign = (b: GraphBuilder, x: string, dy: string): string => {
	const none = b.scalarLike(0, x);
	const up = keepWhere(b, b.op('Greater', [x, none]), dy);
	return sub(b, up, keepWhere(b, b.op('Less', [x, none]), dy));
};

/** The cotangent goes to the elements that reach the extreme, in equal parts (as PyTorch's amax). */
const extreme = ({ b, x, y, dy, axes }: Reduction): string => {
	const hits = castTo(b, b.op('Equal', [x, y]), codeOf(b.type(x)));
	return mul(b, hits, div(b, dy, reduce(b, 'ReduceSum', hits, axes)));
};

/**
 * y = Πx: dx_i = dy·Π_{j≠i} x_j. Zeros are counted, so that y/x is never 0/0: with one zero only that
 * element has a gradient, with two none has.
 */
const product = ({ b, x, y, dy, axes }: Reduction): string => {
	const isZero = b.op('Equal', [x, b.scalarLike(0, x)]);
	const zeros = reduce(b, 'ReduceSum', castTo(b, isZero, codeOf(b.type(x))), axes);
	const safe = b.op('Where', [isZero, b.scalarLike(1, x), x]);
	const others = reduce(b, 'ReduceProd', safe, axes);
	const single = keepWhere(b, b.op('Equal', [zeros, b.scalarLike(1, x)]), mul(b, others, dy));
	return b.op('Where', [isZero, single, div(b, mul(b, y, dy), safe)]);
};

const index = 'its result is an index';

/** Reductions; x̂ is x with reduced axes kept. */
export const REDUCTION_RULES = {
	// dx = dy
	ReduceSum: reduction(({ dy }) => dy),
	// dx = dy / n
	ReduceMean: reduction(({ b, dy, count }) => scale(b, dy, 1 / Math.max(count, 1))),
	ReduceMax: reduction(extreme),
	ReduceMin: reduction(extreme),
	ReduceProd: reduction(product),
	// dx = sign(x)·dy
	ReduceL1: reduction(({ b, x, dy }) => sign(b, x, expand(b, dy, b.dims(x)))),
	// dx = x/y·dy, 0 where y = 0
	ReduceL2: reduction(({ b, x, y, dy }) => {
		const none = b.op('Equal', [y, b.scalarLike(0, y)]);
		const safe = b.op('Where', [none, b.scalarLike(1, y), y]);
		return mul(b, x, div(b, dy, safe));
	}),
	// dx = 2x·dy
	ReduceSumSquare: reduction(({ b, x, dy }) => mul(b, scale(b, x, 2), dy)),
	// dx = dy / exp(y)
	ReduceLogSum: reduction(({ b, y, dy }) => div(b, dy, b.op('Exp', [y]))),
	// dx = exp(x − y)·dy
	ReduceLogSumExp: reduction(({ b, x, y, dy }) => mul(b, b.op('Exp', [sub(b, x, y)]), dy)),
	ArgMax: zero(index),
	ArgMin: zero(index)
};

/** y_i = exp(x_i)/Σexp: dx = y·(dy − Σ y·dy). */
const softmax = rule(({ b, node, dy: [dy] }) => {
	const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
	if (dy === undefined) return [];
	const axes = positiveAxes([intOf(node, 'axis', -1)], b.rank(x));
	const weighted = mul(b, y, dy);
	return [sub(b, weighted, mul(b, y, reduce(b, 'ReduceSum', weighted, axes)))];
});

/** y = x − log Σexp: dx = dy − exp(y)·Σdy. */
const logSoftmax = rule(({ b, node, dy: [dy] }) => {
	const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
	if (dy === undefined) return [];
	const axes = positiveAxes([intOf(node, 'axis', -1)], b.rank(x));
	return [sub(b, dy, mul(b, b.op('Exp', [y]), reduce(b, 'ReduceSum', dy, axes)))];
});

/**
 * Running sum: the running sum of the cotangent from the other end (exclusive stays exclusive).
 */
const cumSum = rule(({ b, node, dy: [dy] }) => {
	if (dy === undefined) return [];
	const reverse = 1 - intOf(node, 'reverse', 0);
	const exclusive = intOf(node, 'exclusive', 0);
	return [b.op('CumSum', [dy, node.inputs[1] ?? ''], { reverse, exclusive })];
});

/** y = x/‖x‖_p: for p = 2, dx = (dy − y·Σ y·dy)/‖x‖; for p = 1, dx = (dy − sign(x)·Σ y·dy)/‖x‖. */
const lpNormalization = rule(({ b, node, dy: [dy] }) => {
	const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
	if (dy === undefined) return [];
	const axes = positiveAxes([intOf(node, 'axis', -1)], b.rank(x));
	const p = intOf(node, 'p', 2);
	const size = p === 1 ? reduce(b, 'ReduceSum', b.op('Abs', [x]), axes) : l2(b, x, axes);
	const inner = reduce(b, 'ReduceSum', mul(b, y, dy), axes);
	const along = p === 1 ? sign(b, x, expand(b, inner, b.dims(x))) : mul(b, y, inner);
	return [div(b, sub(b, dy, along), size)];
});

function l2(b: GraphBuilder, x: string, axes: readonly number[]): string {
	return b.op('Sqrt', [reduce(b, 'ReduceSum', mul(b, x, x), axes)]);
}

/** The softmax family and running sums. */
export const SOFTMAX_RULES = {
	Softmax: softmax,
	LogSoftmax: logSoftmax,
	Hardmax: zero('piecewise constant: its derivative is zero almost everywhere'),
	CumSum: cumSum,
	LpNormalization: lpNormalization
};
