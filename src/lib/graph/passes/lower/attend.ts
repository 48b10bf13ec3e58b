import type { GraphBuilder } from '../../builder.ts';
import { constantFrom } from '../../constant.ts';
import { add, expand, reshape, scale, slice, transpose } from '../emit.ts';

/** Added to the scores of forbidden keys: far below any score, finite also in half precision. */
export function maskedScore(b: GraphBuilder, like: string): number {
	return b.type(like) === 'float16' ? -65504 : -1e9;
}

export interface AttendInput {
	/** [batch, heads, queries, size] */
	readonly q: string;
	/** [batch, kv heads, keys, size]; each serves heads / kv heads query heads in turn. */
	readonly k: string;
	/** [batch, kv heads, keys, value size] */
	readonly v: string;
	readonly scale: number;
	/** Added to the scores, each broadcastable to [batch, heads, queries, keys]. */
	readonly biases: readonly string[];
	/** Scores s become c·tanh(s/c); 0 for none. */
	readonly softcap?: number;
	/** [heads] logits of a key that has no value, or 'zero' for a logit of 0. */
	readonly sink?: string;
}

export interface Attended {
	/** [batch, heads, queries, value size] */
	readonly output: string;
	/** [batch, heads, queries, keys], rows sum to 1 (less with a sink) */
	readonly probabilities: string;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1) in standard operators. Query heads that
 * share a key head are stacked along the query axis, so that keys are never repeated.
 */
export function attend(b: GraphBuilder, input: AttendInput): Attended {
	const [batch = 1, heads = 1, queries = 1] = b.dims(input.q);
	const [, kvHeads = 1, keys = 1] = b.dims(input.k);
	const size = b.dims(input.v)[3] ?? 1;
	const scores = attentionScores(b, input);
	const probabilities = input.sink
		? softmaxWithSink(b, scores, input.sink)
		: b.op('Softmax', [scores], { axis: -1 });
	const stacked = reshape(b, probabilities, [batch, kvHeads, (heads / kvHeads) * queries, keys]);
	const mixed = b.op('MatMul', [stacked, input.v]);
	return { output: reshape(b, mixed, [batch, heads, queries, size]), probabilities };
}

/** The scores before softmax, [batch, heads, queries, keys]. */
export function attentionScores(b: GraphBuilder, input: AttendInput): string {
	const [batch = 1, heads = 1, queries = 1, size = 1] = b.dims(input.q);
	const [, kvHeads = 1, keys = 1] = b.dims(input.k);
	const scaled = scale(b, input.q, input.scale);
	const stacked = reshape(b, scaled, [batch, kvHeads, (heads / kvHeads) * queries, size]);
	const products = b.op('MatMul', [stacked, transpose(b, input.k, [0, 1, 3, 2])]);
	let scores = reshape(b, products, [batch, heads, queries, keys]);
	if (input.softcap) {
		scores = scale(b, b.op('Tanh', [scale(b, scores, 1 / input.softcap)]), input.softcap);
	}
	return input.biases.reduce((sum, bias) => add(b, sum, bias), scores);
}

/** Softmax with the logit of one more key ([heads], or zero), whose share is then dropped. */
export function softmaxWithSink(b: GraphBuilder, scores: string, sink: string): string {
	const [batch = 1, heads = 1, queries = 1, keys = 1] = b.dims(scores);
	const logit = sink === 'zero' ? b.scalarLike(0, scores) : reshape(b, sink, [1, heads, 1, 1]);
	const column = expand(b, logit, [batch, heads, queries, 1]);
	const all = b.op('Softmax', [b.op('Concat', [scores, column], { axis: 3 })], { axis: -1 });
	return slice(b, all, 3, 0, keys);
}

/**
 * The additive mask of causal attention, [queries, keys]: 0 for keys at or before the query (whose
 * first stands at `offset`), and within `window` keys of it when that is positive.
 */
export function causalMask(
	b: GraphBuilder,
	shape: readonly [queries: number, keys: number],
	offset: number,
	window: number,
	like: string
): string | undefined {
	const [queries, keys] = shape;
	if (queries === 1 && offset + 1 >= keys && (window <= 0 || window >= keys)) return undefined;
	const low = maskedScore(b, like);
	const filling = { kind: 'tensor', value: constantFrom(b.type(like), [1], [low]) } as const;
	const forbidden = b.op('ConstantOfShape', [b.ints([...shape])], { value: filling });
	const future = b.op('Trilu', [forbidden, b.scalar(offset + 1, 'int64')], { upper: 1 });
	if (window <= 0 || window >= keys) return future;
	const past = b.op('Trilu', [forbidden, b.scalar(offset - window, 'int64')], { upper: 0 });
	return add(b, future, past);
}
