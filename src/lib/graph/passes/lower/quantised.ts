import { StudioError } from '../../../core/errors.ts';
import { intOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import type { ElementType } from '../../element-type.ts';
import { describeNode } from '../../graph.ts';
import type { Constant, Node } from '../../graph.ts';
import { add, reshape, slice } from '../emit.ts';
import type { Lowering, LoweringInput } from './lowering.ts';
import { optional } from './lowering.ts';

function refuse(node: Node, why: string): StudioError {
	return new StudioError(
		'unsupported',
		`${describeNode(node)} cannot be written in standard operators: ${why}.`,
		'Use the float32 or the usual 4-bit export of the model.'
	);
}

/** The initializer behind a value. */
function initializer(b: GraphBuilder, node: Node, name: string): Constant {
	const constant = b.initializers.get(name);
	if (!constant) throw refuse(node, `"${name}" is not a constant`);
	return constant;
}

/** The same bytes under another type and shape, as a new initializer. */
function reinterpret(
	b: GraphBuilder,
	source: Constant,
	type: ElementType,
	dims: readonly number[],
	hint: string
): string {
	return b.constant({ type, dims, data: source.data }, hint);
}

/**
 * The [N, K] float matrix of a MatMulNBits node: its packed bytes are a valid [N, K] UINT4 (or UINT8)
 * tensor, which DequantizeLinear reads block by block.
 */
export function dequantisedWeight(b: GraphBuilder, node: Node): string {
	const [, packed = '', scales = ''] = node.inputs;
	const [n, k] = [intOf(node, 'N', 0), intOf(node, 'K', 0)];
	const [bits, block] = [intOf(node, 'bits', 4), intOf(node, 'block_size', 32)];
	if (bits !== 4 && bits !== 8) throw refuse(node, `it packs ${bits} bits a weight`);
	if (optional(node, 4)) throw refuse(node, 'its groups are permuted (g_idx)');
	const type = bits === 4 ? 'uint4' : 'uint8';
	const blocks = Math.ceil(k / block);
	const weight = reinterpret(
		b,
		initializer(b, node, packed),
		type,
		[n, blocks * block],
		`${packed}/matrix`
	);
	const scale = reshape(b, scales, [n, blocks]);
	const zero = zeroPoints(b, node, type, [n, blocks]);
	const matrix = b.op('DequantizeLinear', [weight, scale, zero], { axis: 1, block_size: block });
	return slice(b, matrix, 1, 0, k);
}

/** Zero points by block; 8 or 128 when the node gives none. */
function zeroPoints(
	b: GraphBuilder,
	node: Node,
	type: 'uint4' | 'uint8',
	dims: readonly [number, number]
): string {
	const given = optional(node, 3);
	const [n, blocks] = dims;
	if (!given) {
		const bytes = new Uint8Array(type === 'uint4' ? Math.ceil((n * blocks) / 2) : n * blocks);
		bytes.fill(type === 'uint4' ? 0x88 : 0x80);
		return b.constant({ type, dims, data: { kind: 'raw', bytes } }, 'zero_points');
	}
	const source = initializer(b, node, given);
	if (source.type !== 'uint8' && source.type !== 'uint4')
		throw refuse(node, 'its zero points are floats');
	if (type === 'uint8' || blocks % 2 === 0) return reinterpret(b, source, type, dims, given);
	if (source.data.kind !== 'raw')
		throw refuse(node, 'its zero points have an odd count and lie outside');
	return b.constant(
		{ type, dims, data: { kind: 'raw', bytes: repack(source.data.bytes, n, blocks) } },
		given
	);
}

/** Rows of an odd number of nibbles, padded to bytes, put end to end. */
function repack(padded: Uint8Array, rows: number, columns: number): Uint8Array {
	const stride = Math.ceil(columns / 2);
	const dense = new Uint8Array(Math.ceil((rows * columns) / 2));
	for (let i = 0; i < rows * columns; i++) {
		const [row, column] = [Math.floor(i / columns), i % columns];
		const byte = padded[row * stride + (column >> 1)] ?? 0;
		const nibble = column % 2 ? byte >> 4 : byte & 15;
		dense[i >> 1] = (dense[i >> 1] ?? 0) | (nibble << (i % 2 ? 4 : 0));
	}
	return dense;
}

/** x [.., K] times the transpose of w [N, K], by Gemm, which needs no transposed copy. */
function timesTransposed(b: GraphBuilder, x: string, w: string): string {
	const dims = b.dims(x);
	const k = dims.at(-1) ?? 1;
	const rows = dims.slice(0, -1).reduce((m, n) => m * n, 1);
	const y = b.op('Gemm', [reshape(b, x, [rows, k]), w], { transB: 1 });
	return reshape(b, y, [...dims.slice(0, -1), b.dims(w)[0] ?? 1]);
}

const matMulNBits: Lowering = ({ b, node }) => {
	const y = timesTransposed(b, node.inputs[0] ?? '', dequantisedWeight(b, node));
	const bias = optional(node, 5);
	return [bias ? add(b, y, bias) : y];
};

/** B [K, N] int8 or uint8 with a scale for all or one a column. */
function dequantise(
	b: GraphBuilder,
	weight: string,
	scale: string,
	zero: string | undefined
): string {
	const size = b.dims(scale).reduce((m, n) => m * n, 1);
	const vector = (name: string): string => reshape(b, name, size === 1 ? [] : [size]);
	const zeros = zero ? [vector(zero)] : [];
	const axis = b.rank(weight) - 1;
	return b.op('DequantizeLinear', [weight, vector(scale), ...zeros], size === 1 ? {} : { axis });
}

/** The float tensor that was quantised on the fly, if that is where a value comes from. */
function beforeQuantisation({ producer }: LoweringInput, name: string): string | undefined {
	const source = producer(name);
	return source?.op === 'DynamicQuantizeLinear' && source.outputs[0] === name
		? source.inputs[0]
		: undefined;
}

/** com.microsoft DynamicQuantizeMatMul: A float, B, b_scale, b_zero_point, bias. */
const dynamicQuantizeMatMul: Lowering = ({ b, node }) => {
	const [a = '', weight = '', scale = ''] = node.inputs;
	const y = b.op('MatMul', [a, dequantise(b, weight, scale, optional(node, 3))]);
	const bias = optional(node, 4);
	return [bias ? add(b, y, bias) : y];
};

/** com.microsoft MatMulIntegerToFloat: A, B, a_scale, b_scale, a_zero, b_zero, bias. */
const matMulIntegerToFloat: Lowering = (input) => {
	const { b, node } = input;
	const [a = '', weight = '', aScale = '', bScale = ''] = node.inputs;
	const exact = beforeQuantisation(input, a) ?? dequantise(b, a, aScale, optional(node, 4));
	const y = b.op('MatMul', [exact, dequantise(b, weight, bScale, optional(node, 5))]);
	const bias = optional(node, 6);
	return [bias ? add(b, y, bias) : y];
};

/**
 * The end of DynamicQuantizeLinear(x) → MatMulInteger → Cast → Mul(a_scale · b_scale): the product of
 * x with the dequantised weights. Scales may be multiplied first or one after the other.
 */
const scaledProduct: Lowering = (input) => {
	const { b, node, producer } = input;
	const found = integerProduct(node, producer);
	if (!found) return undefined;
	const { product, scales } = found;
	const [a = '', weight = '', , zero] = product.inputs;
	const x = beforeQuantisation(input, a);
	const quantiser = producer(a);
	const rest = scales.filter((name) => name !== quantiser?.outputs[1]);
	if (!x || rest.length !== 1 || rest.length === scales.length) return undefined;
	const y = b.op('MatMul', [
		x,
		dequantise(b, weight, rest[0] ?? '', zero === '' ? undefined : zero)
	]);
	return [y];
};

/** Follows Mul nodes back to Cast(MatMulInteger), collecting the other factors. */
export function integerProduct(
	node: Node,
	producer: (name: string) => Node | undefined
): { product: Node; scales: string[] } | undefined {
	const factors = node.inputs.map((name) => ({ name, source: producer(name) }));
	for (const [i, { source }] of factors.entries()) {
		const other = factors[1 - i];
		if (!source || !other) continue;
		const scales = other.source?.op === 'Mul' ? [...other.source.inputs] : [other.name];
		if (source.op === 'Cast') {
			const product = producer(source.inputs[0] ?? '');
			if (product?.op === 'MatMulInteger') return { product, scales };
		}
		if (source.op === 'Mul') {
			const inner = integerProduct(source, producer);
			if (inner) return { product: inner.product, scales: [...inner.scales, ...scales] };
		}
	}
	return undefined;
}

/** DequantizeLinear(QuantizeLinear(x)) with the same scale: rounding, which passes gradients through. */
const fakeQuantisation: Lowering = ({ node, producer }) => {
	const [q = '', scale] = node.inputs;
	const source = producer(q);
	const same = source?.op === 'QuantizeLinear' && source.inputs[1] === scale;
	return same ? [source.inputs[0]] : undefined;
};

/** Quantised products over dequantised weights. */
export const QUANTISED_LOWERINGS: Readonly<Record<string, Lowering>> = {
	'com.microsoft.MatMulNBits': matMulNBits,
	'com.microsoft.DynamicQuantizeMatMul': dynamicQuantizeMatMul,
	'com.microsoft.MatMulIntegerToFloat': matMulIntegerToFloat,
	Mul: scaledProduct,
	DequantizeLinear: fakeQuantisation
};
