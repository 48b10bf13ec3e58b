import { StudioError } from '../../../core/errors.ts';
import { floatOf, intOf, intsOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { codeOf } from '../../element-type.ts';
import { describeNode } from '../../graph.ts';
import type { Node } from '../../graph.ts';
import { add, castTo, mul, reshape, slice, sub } from '../emit.ts';
import { attend, causalMask, maskedScore } from './attend.ts';
import type { Lowering } from './lowering.ts';
import { optional } from './lowering.ts';
import { mergeHeads, rotate, rowsAt, splitHeads } from './rotary.ts';

function unsupported(node: Node, what: string): StudioError {
	return new StudioError(
		'unsupported',
		`${describeNode(node)} uses ${what}, which has no form in standard operators here.`,
		'Export the model without that option.'
	);
}

/** Past and present of a cache joined along the tokens, [batch, heads, past + new, size]. */
function withPast(b: GraphBuilder, past: string | undefined, present: string): string {
	if (!past || b.dims(past)[2] === 0) return present;
	return b.op('Concat', [past, present], { axis: 2 });
}

export interface GroupedQuery {
	/** [batch, heads, tokens, size], rotated */
	readonly q: string;
	/** [batch, kv heads, past + tokens, size], rotated */
	readonly k: string;
	readonly v: string;
	readonly scale: number;
	readonly biases: readonly string[];
	readonly softcap: number;
	readonly sink?: string;
}

/**
 * The operands of com.microsoft GroupQueryAttention: packed or separate Q, K, V, rotary inside, past
 * and present. Lengths by row (seqlens_k) only matter for padded tokens, whose results are not used:
 * rows are taken as right-padded, all with the same past.
 * @param key ready-made keys (the node's present_key) instead of past and new ones
 */
export function groupedQuery(b: GraphBuilder, node: Node, key?: string): GroupedQuery {
	const [query = ''] = node.inputs;
	const heads = intOf(node, 'num_heads', 1);
	const kvHeads = intOf(node, 'kv_num_heads', 1);
	if (optional(node, 12) ?? optional(node, 13)) throw unsupported(node, 'a quantised cache');
	const packed = optional(node, 1) === undefined;
	const width = (b.dims(query)[2] ?? 0) / (packed ? heads + 2 * kvHeads : heads);
	const parts = packed
		? [0, heads * width, (heads + kvHeads) * width, (heads + 2 * kvHeads) * width]
		: undefined;
	const part = (i: number): string =>
		parts ? slice(b, query, 2, parts[i] ?? 0, parts[i + 1] ?? 0) : (node.inputs[i] ?? '');
	const past = optional(node, 3);
	const offset = past ? (b.dims(past)[2] ?? 0) : 0;
	const turn = rotation(b, node, offset);
	const q = turn(splitHeads(b, part(0), heads));
	const k = key ?? withPast(b, past, turn(splitHeads(b, part(1), kvHeads)));
	const v = withPast(b, optional(node, 4), splitHeads(b, part(2), kvHeads));
	const [queries, keys] = [b.dims(q)[2] ?? 1, b.dims(k)[2] ?? 1];
	const mask = causalMask(b, [queries, keys], offset, intOf(node, 'local_window_size', -1), q);
	const bias = optional(node, 10);
	const sink = optional(node, 11) ?? (intOf(node, 'smooth_softmax', 0) === 1 ? 'zero' : undefined);
	return {
		q,
		k,
		v,
		scale: floatOf(node, 'scale', 0) || 1 / Math.sqrt(width),
		biases: [mask, bias].filter((name) => name !== undefined),
		softcap: floatOf(node, 'softcap', 0),
		...(sink === undefined ? {} : { sink })
	};
}

/** The rotary embedding inside GroupQueryAttention, as a function of [batch, heads, tokens, size]. */
function rotation(b: GraphBuilder, node: Node, offset: number): (x: string) => string {
	if (intOf(node, 'do_rotary', 0) === 0) return (x) => x;
	const [cosTable, sinTable, positions] = [7, 8, 9].map((i) => optional(node, i));
	const interleaved = intOf(node, 'rotary_interleaved', 0) === 1;
	if (!cosTable || !sinTable) throw unsupported(node, 'rotary embeddings without tables');
	return (x) => {
		const tokens = b.dims(x)[2] ?? 1;
		const rows = (table: string): string =>
			positions ? rowsAt(b, table, positions) : slice(b, table, 0, offset, offset + tokens);
		return rotate(b, x, rows(cosTable), rows(sinTable), interleaved);
	};
}

const groupQueryAttention: Lowering = ({ b, node }) => {
	const operands = groupedQuery(b, node);
	const { output, probabilities } = attend(b, operands);
	return [mergeHeads(b, output), operands.k, operands.v, probabilities];
};

export interface MultiHead {
	readonly q: string;
	readonly k: string;
	readonly v: string;
	readonly scale: number;
	readonly biases: readonly string[];
}

/**
 * The operands of com.microsoft MultiHeadAttention: separate or packed projections, projection bias,
 * key padding mask, attention bias, past and present, cross-attention.
 */
export function multiHead(b: GraphBuilder, node: Node): MultiHead {
	const heads = intOf(node, 'num_heads', 1);
	const [query, key, value] = projections(b, node, heads);
	const [pastKey, pastValue] = [optional(node, 6), optional(node, 7)];
	const q = query;
	const k = withPast(b, pastKey, key);
	const v = withPast(b, pastValue, value);
	const size = b.dims(q)[3] ?? 1;
	const [queries, keys] = [b.dims(q)[2] ?? 1, b.dims(k)[2] ?? 1];
	const mask =
		intOf(node, 'unidirectional', 0) === 1
			? causalMask(b, [queries, keys], keys - queries, -1, q)
			: undefined;
	const biases = [mask, paddingBias(b, node, 4, keys, q), optional(node, 5)];
	return {
		q,
		k,
		v,
		scale: floatOf(node, 'scale', 0) || 1 / Math.sqrt(size),
		biases: biases.filter((name) => name !== undefined)
	};
}

/** Q, K and V as [batch, heads, tokens, size], the projection bias added. */
function projections(b: GraphBuilder, node: Node, heads: number): [string, string, string] {
	const [query = '', key, value] = [0, 1, 2].map((i) => optional(node, i));
	const bias = optional(node, 3);
	const dims = b.dims(query);
	if (dims.length === 5 && !key) {
		// [batch, tokens, heads, 3, size]
		const each = (i: number): string => packedPart(b, query, i);
		return [each(0), each(1), each(2)];
	}
	const width = dims[2] ?? 0;
	const shifted = (x: string, start: number): string => {
		if (!bias || b.rank(x) !== 3) return x;
		return add(b, x, slice(b, bias, 0, start, start + (b.dims(x)[2] ?? 0)));
	};
	const split = (x: string): string => (b.rank(x) === 4 ? x : splitHeads(b, x, heads));
	if (key && !value && b.rank(key) === 5) {
		return [split(shifted(query, 0)), packedPart(b, key, 0), packedPart(b, key, 1)];
	}
	if (!key || !value) throw unsupported(node, 'an input layout without key and value');
	return [split(shifted(query, 0)), split(shifted(key, width)), split(shifted(value, 2 * width))];
}

/** One of the tensors packed as [batch, tokens, heads, count, size], as [batch, heads, tokens, size]. */
function packedPart(b: GraphBuilder, x: string, index: number): string {
	const [batch = 1, tokens = 1, heads = 1, , size = 1] = b.dims(x);
	const one = reshape(b, slice(b, x, 3, index, index + 1), [batch, tokens, heads, size]);
	return b.op('Transpose', [one], { perm: [0, 2, 1, 3] });
}

/** The key padding mask (1 = attend) as an additive bias, broadcastable to the scores. */
function paddingBias(
	b: GraphBuilder,
	node: Node,
	input: number,
	keys: number,
	like: string
): string | undefined {
	const mask = optional(node, input);
	if (!mask) return undefined;
	const dims = b.dims(mask);
	const code = codeOf(b.type(like));
	let wide: string;
	if (dims.length === 1) {
		// [batch] lengths: keys from there on are padding.
		if (dims[0] !== b.dims(like)[0]) throw unsupported(node, 'a mask of packed sequence bounds');
		const steps = b.op('Range', [
			b.scalar(0, 'int64'),
			b.scalar(keys, 'int64'),
			b.scalar(1, 'int64')
		]);
		const lengths = castTo(b, reshape(b, mask, [dims[0] ?? 1, 1, 1, 1]), codeOf('int64'));
		wide = castTo(b, b.op('Less', [steps, lengths]), code);
	} else {
		const shape =
			dims.length === 2 ? [dims[0] ?? 1, 1, 1, keys] : [dims[0] ?? 1, 1, ...dims.slice(1)];
		wide = castTo(b, reshape(b, mask, shape), code);
	}
	const filter = floatOf(node, 'mask_filter_value', -10000);
	return mul(b, sub(b, b.scalarLike(1, wide), wide), b.scalarLike(filter, wide));
}

const multiHeadAttention: Lowering = ({ b, node }) => {
	const operands = multiHead(b, node);
	const { output, probabilities } = attend(b, operands);
	return [mergeHeads(b, output), operands.k, operands.v, probabilities];
};

/** com.microsoft Attention: the Q, K, V projection inside; past and present stacked as [2, …]. */
const projecting: Lowering = ({ b, node }) => {
	const [x = '', weight = '', bias] = node.inputs;
	if (optional(node, 4)) throw unsupported(node, 'a past inside Attention');
	const heads = intOf(node, 'num_heads', 1);
	const width = b.dims(weight)[1] ?? 0;
	const [q = 0, k = 0, v = 0] = intsOf(node, 'qkv_hidden_sizes') ?? [
		width / 3,
		width / 3,
		width / 3
	];
	const product = b.op('MatMul', [x, weight]);
	const all = bias ? add(b, product, bias) : product;
	const part = (start: number, size: number): string =>
		splitHeads(b, slice(b, all, 2, start, start + size), heads);
	const operands = { q: part(0, q), k: part(q, k), v: part(q + k, v) };
	const [tokens, keys] = [b.dims(x)[1] ?? 1, b.dims(operands.k)[2] ?? 1];
	const causal =
		intOf(node, 'unidirectional', 0) === 1
			? causalMask(b, [tokens, keys], 0, -1, operands.q)
			: undefined;
	const padding = paddingBias(b, node, 3, keys, operands.q);
	const biases = [causal, padding, optional(node, 5)].filter((name) => name !== undefined);
	const scale = floatOf(node, 'scale', 0) || 1 / Math.sqrt(q / heads);
	return [mergeHeads(b, attend(b, { ...operands, scale, biases }).output)];
};

/** ai.onnx Attention-23: 3-D or 4-D operands, boolean or additive mask, causal, cache, softcap. */
const attention23: Lowering = ({ b, node }) => {
	const [query = '', key = '', value = ''] = node.inputs;
	const flat = b.rank(query) === 3;
	const heads = (x: string, name: string): string =>
		flat ? splitHeads(b, x, intOf(node, name, 1)) : x;
	const q = heads(query, 'q_num_heads');
	const past = optional(node, 4);
	const k = withPast(b, past, heads(key, 'kv_num_heads'));
	const v = withPast(b, optional(node, 5), heads(value, 'kv_num_heads'));
	const offset = past ? (b.dims(past)[2] ?? 0) : 0;
	const biases: string[] = [];
	const given = optional(node, 3);
	if (given) biases.push(b.type(given) === 'bool' ? booleanBias(b, given, q) : given);
	if (intOf(node, 'is_causal', 0) === 1) {
		const mask = causalMask(b, [b.dims(q)[2] ?? 1, b.dims(k)[2] ?? 1], offset, -1, q);
		if (mask) biases.push(mask);
	}
	if (node.outputs[3] && intOf(node, 'qk_matmul_output_mode', 0) !== 3) {
		throw unsupported(node, 'scores before softmax as an output');
	}
	const scale = floatOf(node, 'scale', 0) || 1 / Math.sqrt(b.dims(q)[3] ?? 1);
	const softcap = floatOf(node, 'softcap', 0);
	const { output, probabilities } = attend(b, { q, k, v, scale, biases, softcap });
	return [flat ? mergeHeads(b, output) : output, k, v, probabilities];
};

function booleanBias(b: GraphBuilder, mask: string, like: string): string {
	return b.op('Where', [mask, b.scalarLike(0, like), b.scalarLike(maskedScore(b, like), like)]);
}

/** Attention in standard operators. */
export const ATTENTION_LOWERINGS: Readonly<Record<string, Lowering>> = {
	'com.microsoft.GroupQueryAttention': groupQueryAttention,
	'com.microsoft.Attention': projecting,
	'com.microsoft.MultiHeadAttention': multiHeadAttention,
	Attention: attention23
};
