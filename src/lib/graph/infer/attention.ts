import { intOf, intsOf } from '../attributes.ts';
import type { Dim } from '../graph.ts';
import type { Fact, InferRule } from './fact.ts';
import { at } from './fact.ts';
import { same } from './elementwise.ts';

const sum = (a: Dim | undefined, b: Dim | undefined): Dim =>
	typeof a === 'number' && typeof b === 'number'
		? a + b
		: a === 0
			? (b ?? '')
			: b === 0
				? (a ?? '')
				: '';

const times = (a: Dim | undefined, factor: number): Dim =>
	typeof a === 'number' ? a * factor : '';

/** com.microsoft GroupQueryAttention: output [B, S, heads·d], present key and value [B, kv, T, d]. */
const groupQuery: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const [heads, kvHeads] = [intOf(node, 'num_heads', 1), intOf(node, 'kv_num_heads', 1)];
	if (!dims) return [{ type }];
	const packed = !node.inputs[1];
	const width = dims[2];
	const size: Dim = typeof width === 'number' ? width / (packed ? heads + 2 * kvHeads : heads) : '';
	const past = at(inputs, 3).dims;
	const present: Fact = {
		type,
		dims: [dims[0] ?? '', kvHeads, node.inputs[3] ? sum(past?.[2], dims[1]) : (dims[1] ?? ''), size]
	};
	return [{ type, dims: [dims[0] ?? '', dims[1] ?? '', times(size, heads)] }, present, present];
};

/** com.microsoft MultiHeadAttention: query [B, S, hidden], value [B, T, v_hidden] or [B, h, T, v]. */
const multiHead: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	if (!dims) return [{ type }];
	const value = at(inputs, 2).dims;
	const heads = intOf(node, 'num_heads', 1);
	const hidden =
		value?.length === 4 ? times(value[3], heads) : (value?.[2] ?? times(dims[3], heads));
	const size: Dim =
		dims.length === 5 ? (dims[4] ?? '') : typeof dims[2] === 'number' ? dims[2] / heads : '';
	const key = at(inputs, 1).dims;
	const added = (key?.length === 4 ? key[2] : key?.[1]) ?? dims[1];
	const length = node.inputs[6] ? sum(at(inputs, 6).dims?.[2], added) : (added ?? '');
	const present: Fact = { type, dims: [dims[0] ?? '', heads, length, size] };
	return [{ type, dims: [dims[0] ?? '', dims[1] ?? '', hidden] }, present, present];
};

/** com.microsoft Attention: the width of the output is that of the values. */
const projecting: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	const sizes = intsOf(node, 'qkv_hidden_sizes');
	const width = at(inputs, 1).dims?.[1];
	const hidden = sizes?.[2] ?? (typeof width === 'number' ? width / 3 : '');
	return [{ type, dims: dims && [dims[0] ?? '', dims[1] ?? '', hidden] }];
};

/** com.microsoft EmbedLayerNormalization: [batch, tokens, hidden] and the sum before normalising. */
const embedding: InferRule = ({ inputs }) => {
	const ids = at(inputs, 0).dims;
	const { type, dims } = at(inputs, 2);
	const fact: Fact = { type, dims: ids && [...ids, dims?.[1] ?? ''] };
	return [fact, { type: 'int32', dims: ids && [ids[0] ?? ''] }, fact];
};

/** ai.onnx Attention-23: Y like Q with the value's width, present key and value. */
const standard: InferRule = ({ node, inputs }) => {
	const [q, k, v] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
	if (!q.dims || !k.dims || !v.dims) return [{ type: q.type }];
	const flat = q.dims.length === 3;
	const heads = flat ? intOf(node, 'q_num_heads', 1) : (q.dims[1] ?? '');
	const kvHeads = flat ? intOf(node, 'kv_num_heads', 1) : (k.dims[1] ?? '');
	const width = (dim: Dim | undefined, count: Dim): Dim =>
		!flat ? (dim ?? '') : typeof dim === 'number' && typeof count === 'number' ? dim / count : '';
	const valueWidth = width(v.dims.at(-1), kvHeads);
	const y: Dim[] = flat
		? [q.dims[0] ?? '', q.dims[1] ?? '', typeof heads === 'number' ? times(valueWidth, heads) : '']
		: [...q.dims.slice(0, 3), valueWidth];
	const length = node.inputs[4]
		? sum(at(inputs, 4).dims?.[2], k.dims.at(-2))
		: (k.dims.at(-2) ?? '');
	const batch = q.dims[0] ?? '';
	return [
		{ type: q.type, dims: y },
		{ type: q.type, dims: [batch, kvHeads, length, width(k.dims.at(-1), kvHeads)] },
		{ type: q.type, dims: [batch, kvHeads, length, valueWidth] },
		{ type: q.type, dims: [batch, heads, q.dims.at(-2) ?? '', length] }
	];
};

/** Shapes of attention operators. */
export const ATTENTION: Readonly<Record<string, InferRule>> = {
	'com.microsoft.GroupQueryAttention': groupQuery,
	'com.microsoft.MultiHeadAttention': multiHead,
	'com.microsoft.Attention': projecting,
	'com.microsoft.EmbedLayerNormalization': embedding,
	'com.microsoft.RotaryEmbedding': same,
	RotaryEmbedding: same,
	Attention: standard
};
