import { intOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { add, mul, reshape, slice, sub, transpose } from '../emit.ts';
import type { Lowering } from './lowering.ts';
import { optional } from './lowering.ts';

/**
 * Rotates pairs of features by position (RoPE, Su et al. 2021, eq. 34).
 * @param x [batch, heads, tokens, size]
 * @param cos broadcastable to [batch, heads, tokens, pairs]; features beyond 2·pairs stay
 * @param interleaved pairs are neighbours (2i, 2i+1) instead of halves (i, i+pairs)
 */
export function rotate(
	b: GraphBuilder,
	x: string,
	cos: string,
	sin: string,
	interleaved: boolean
): string {
	const dims = b.dims(x);
	const size = dims[3] ?? 0;
	const pairs = b.dims(cos).at(-1) ?? 0;
	const turned = slice(b, x, 3, 0, 2 * pairs);
	const [first, second] = interleaved ? neighbours(b, turned, pairs) : halves(b, turned, pairs);
	const left = sub(b, mul(b, first, cos), mul(b, second, sin));
	const right = add(b, mul(b, second, cos), mul(b, first, sin));
	const parts = interleaved ? [interleave(b, left, right)] : [left, right];
	if (2 * pairs < size) parts.push(slice(b, x, 3, 2 * pairs, size));
	return parts.length === 1 ? (parts[0] ?? '') : b.op('Concat', parts, { axis: 3 });
}

function halves(b: GraphBuilder, x: string, pairs: number): readonly [string, string] {
	const [first = '', second = ''] = b.emit(
		'Split',
		[x, b.ints([pairs, pairs])],
		{ axis: 3 },
		{ outputs: 2 }
	);
	return [first, second];
}

function neighbours(b: GraphBuilder, x: string, pairs: number): readonly [string, string] {
	const dims = b.dims(x);
	const wide = reshape(b, x, [...dims.slice(0, 3), pairs, 2]);
	const half = [...dims.slice(0, 3), pairs];
	return [reshape(b, slice(b, wide, 4, 0, 1), half), reshape(b, slice(b, wide, 4, 1, 2), half)];
}

function interleave(b: GraphBuilder, left: string, right: string): string {
	const dims = b.dims(left);
	const column = [...dims, 1];
	const pairs = b.op('Concat', [reshape(b, left, column), reshape(b, right, column)], { axis: 4 });
	return reshape(b, pairs, [...dims.slice(0, 3), 2 * (dims[3] ?? 0)]);
}

/** Rows of a [positions, pairs] table at [batch, tokens] positions, as [batch, 1, tokens, pairs]. */
export function rowsAt(b: GraphBuilder, table: string, positions: string): string {
	const rows = b.op('Gather', [table, positions], { axis: 0 });
	const [batch = 1, tokens = 1, pairs = 1] = b.dims(rows);
	return reshape(b, rows, [batch, 1, tokens, pairs]);
}

/** [batch, tokens, heads·size] as [batch, heads, tokens, size]. */
export function splitHeads(b: GraphBuilder, x: string, heads: number): string {
	const [batch = 1, tokens = 1, width = 1] = b.dims(x);
	return transpose(b, reshape(b, x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, tokens, size] as [batch, tokens, heads·size]. */
export function mergeHeads(b: GraphBuilder, x: string): string {
	const [batch = 1, heads = 1, tokens = 1, size = 1] = b.dims(x);
	return reshape(b, transpose(b, x, [0, 2, 1, 3]), [batch, tokens, heads * size]);
}

interface RotaryParts {
	readonly b: GraphBuilder;
	readonly x: string;
	readonly cos: string;
	readonly sin: string;
	readonly heads: number;
	readonly interleaved: boolean;
}

function applyRotary({ b, x, cos, sin, heads, interleaved }: RotaryParts): string {
	if (b.rank(x) === 4) return rotate(b, x, cos, sin, interleaved);
	return mergeHeads(b, rotate(b, splitHeads(b, x, heads), cos, sin, interleaved));
}

/** Heads of a [batch, tokens, hidden] input; the tables tell when the attribute does not. */
function headsOf(b: GraphBuilder, x: string, heads: number, table: string): number {
	if (heads > 0 || b.rank(x) === 4) return heads;
	return (b.dims(x)[2] ?? 1) / (2 * (b.dims(table)[1] ?? 1));
}

/** com.microsoft RotaryEmbedding: input, position_ids ([1] offset or [batch, tokens]), cos, sin. */
const contrib: Lowering = ({ b, node }) => {
	const [x = '', positions = '', cosTable = '', sinTable = ''] = node.inputs;
	const [tokens = 1] = b.rank(x) === 4 ? b.dims(x).slice(2) : b.dims(x).slice(1);
	const heads = headsOf(b, x, intOf(node, 'num_heads', 0), cosTable);
	let where = positions;
	if (b.rank(positions) === 1) {
		// One number: the position of the first token.
		const steps = b.op('Range', [
			b.scalar(0, 'int64'),
			b.scalar(tokens, 'int64'),
			b.scalar(1, 'int64')
		]);
		where = reshape(b, add(b, steps, positions), [1, tokens]);
	}
	const cos = rowsAt(b, cosTable, where);
	const sin = rowsAt(b, sinTable, where);
	return [applyRotary({ b, x, cos, sin, heads, interleaved: intOf(node, 'interleaved', 0) === 1 })];
};

/** ai.onnx RotaryEmbedding-23: X, cos, sin and perhaps position_ids into [positions, pairs] tables. */
const standard: Lowering = ({ b, node }) => {
	const [x = '', cosTable = '', sinTable = ''] = node.inputs;
	const positions = optional(node, 3);
	const heads = intOf(node, 'num_heads', 0);
	const rows = (table: string): string => {
		if (positions) return rowsAt(b, table, positions);
		const [batch = 1, tokens = 1, pairs = 1] = b.dims(table);
		return reshape(b, table, [batch, 1, tokens, pairs]);
	};
	const parts = { b, x, cos: rows(cosTable), sin: rows(sinTable), heads };
	return [applyRotary({ ...parts, interleaved: intOf(node, 'interleaved', 0) === 1 })];
};

/** Rotary position embeddings as multiplications. */
export const ROTARY_LOWERINGS: Readonly<Record<string, Lowering>> = {
	'com.microsoft.RotaryEmbedding': contrib,
	RotaryEmbedding: standard
};
