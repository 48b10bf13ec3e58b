import { floatOf, intOf, stringOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { parseEinsum } from '../../infer/matrix.ts';
import { expand, full, reduce, reshape, scale, sumTo, transposeLast } from '../emit.ts';
import type { Rule } from './rule.ts';
import { LOWERED, refused, rule } from './rule.ts';

/**
 * Y = A·B, batched with broadcasting: dA = dY·Bᵀ, dB = Aᵀ·dY. A two-dimensional B goes through Gemm,
 * which multiplies by a transpose without making it.
 */
const matMul: Rule = ({ b, node, dy: [dy], wants }) => {
	const [left = '', right = ''] = node.inputs;
	if (dy === undefined) return [];
	const [aDims, bDims] = [b.dims(left), b.dims(right)];
	if (bDims.length === 2 && aDims.length >= 2) {
		return flatProduct(b, left, right, dy, [wants(0), wants(1)]);
	}
	// Vectors are matrices of one row or one column.
	const a = aDims.length === 1 ? reshape(b, left, [1, ...aDims]) : left;
	const c = bDims.length === 1 ? reshape(b, right, [...bDims, 1]) : right;
	let g = dy;
	if (bDims.length === 1) g = reshape(b, g, [...b.dims(g), 1]);
	if (aDims.length === 1) {
		const dims = b.dims(g);
		g = reshape(b, g, [...dims.slice(0, -1), 1, ...dims.slice(-1)]);
	}
	const grad = (x: string, y: string, like: string, dims: readonly number[]): string =>
		reshape(b, sumTo(b, b.op('MatMul', [x, y]), b.dims(like)), dims);
	return [
		wants(0) ? grad(g, transposeLast(b, c), a, aDims) : undefined,
		wants(1) ? grad(transposeLast(b, a), g, c, bDims) : undefined
	];
};

/** The product of [.., k] with [k, n], leading axes flattened. */
function flatProduct(
	b: GraphBuilder,
	left: string,
	right: string,
	dy: string,
	[wantsLeft, wantsRight]: readonly [boolean, boolean]
): (string | undefined)[] {
	const aDims = b.dims(left);
	const [k = 0, n = 0] = b.dims(right);
	const rows = aDims.slice(0, -1).reduce((x, y) => x * y, 1);
	const g = reshape(b, dy, [rows, n]);
	return [
		wantsLeft ? reshape(b, b.op('Gemm', [g, right], { transB: 1 }), aDims) : undefined,
		wantsRight ? b.op('Gemm', [reshape(b, left, [rows, k]), g], { transA: 1 }) : undefined
	];
}

/** Y = α·A'·B' + β·C with A', B' optionally transposed. */
const gemm: Rule = ({ b, node, dy: [dy], wants }) => {
	const [left = '', right = '', bias] = node.inputs;
	if (dy === undefined) return [];
	const alpha = { kind: 'float', value: floatOf(node, 'alpha', 1) } as const;
	const [flipA, flipB] = [intOf(node, 'transA', 0), intOf(node, 'transB', 0)];
	const product = (x: string, transA: number, y: string, transB: number): string =>
		b.op('Gemm', [x, y], { alpha, transA, transB });
	const dA = (): string =>
		flipA ? product(right, flipB, dy, 1) : product(dy, 0, right, flipB ? 0 : 1);
	const dB = (): string =>
		flipB ? product(dy, 1, left, flipA) : product(left, flipA ? 0 : 1, dy, 0);
	return [
		wants(0) ? dA() : undefined,
		wants(1) ? dB() : undefined,
		bias && wants(2) ? sumTo(b, scale(b, dy, floatOf(node, 'beta', 1)), b.dims(bias)) : undefined
	];
};

/** com.microsoft FusedMatMul: α·A'·B' with the last two axes optionally exchanged. */
const fusedMatMul: Rule = ({ b, node, dy: [dy], wants }) => {
	const [left = '', right = ''] = node.inputs;
	if (dy === undefined) return [];
	if (intOf(node, 'transBatchA', 0) || intOf(node, 'transBatchB', 0)) return [];
	const [flipA, flipB] = [intOf(node, 'transA', 0) === 1, intOf(node, 'transB', 0) === 1];
	const g = scale(b, dy, floatOf(node, 'alpha', 1));
	const flip = (x: string, when: boolean): string => (when ? transposeLast(b, x) : x);
	const a = flip(left, flipA);
	const c = flip(right, flipB);
	const dA = (): string => sumTo(b, b.op('MatMul', [g, transposeLast(b, c)]), b.dims(a));
	const dB = (): string => sumTo(b, b.op('MatMul', [transposeLast(b, a), g]), b.dims(c));
	return [wants(0) ? flip(dA(), flipA) : undefined, wants(1) ? flip(dB(), flipB) : undefined];
};

/**
 * Einsum: the gradient of one operand is the Einsum of the cotangent with the other operands, onto
 * that operand's letters; letters it alone has were summed and are broadcast back.
 */
const einsum: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const { terms, output } = parseEinsum(stringOf(node, 'equation', ''));
	return terms.map((term, i) => {
		const x = node.inputs[i] ?? '';
		if (!wants(i)) return undefined;
		const others = terms.filter((_, j) => j !== i);
		const seen = output + others.join('');
		const kept = [...term].filter((c) => c === '.' || seen.includes(c)).join('');
		const inputs = [dy, ...node.inputs.filter((_, j) => j !== i)];
		const equation = `${[output, ...others].join(',')}->${kept}`;
		const partial = b.op('Einsum', inputs, { equation });
		return spread(b, partial, term, kept, b.dims(x));
	});
};

/** Gives axes of size 1 to the letters that were summed away, then broadcasts or sums to `dims`. */
function spread(
	b: GraphBuilder,
	x: string,
	term: string,
	kept: string,
	dims: readonly number[]
): string {
	if (kept === term) return sumTo(b, x, dims);
	if (term.includes('.')) {
		// The ellipsis stands for as many axes as are left over.
		const letters = term.replaceAll('.', '').length;
		const width = dims.length - letters;
		const fill = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.slice(0, width);
		return spread(b, x, term.replace('...', fill), kept.replace('...', fill), dims);
	}
	const shape = [...term].map((c, axis) => (kept.includes(c) ? (dims[axis] ?? 1) : 1));
	return expand(b, reshape(b, x, shape), dims);
}

/**
 * Y = DequantizeLinear(x, scale, zero): the scale gets Σ dY·(x − zero) over what it scales (all, one
 * slice of the axis, or one block); integers get nothing.
 */
const dequantize: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined || !wants(1)) return [];
	const [, size = ''] = node.inputs;
	const y = node.outputs[0] ?? '';
	const [dims, shape] = [b.dims(size), b.dims(y)];
	const one = b.op(
		'DequantizeLinear',
		[node.inputs[0] ?? '', full(b, dims, 1, size), ...node.inputs.slice(2)],
		node.attributes
	);
	const product = b.op('Mul', [dy, one]);
	const axis = intOf(node, 'axis', 1);
	const where = axis < 0 ? axis + shape.length : axis;
	const block = intOf(node, 'block_size', 0);
	const all = shape.map((_, i) => i);
	if (block > 0) {
		const split = [...shape.slice(0, where), dims[where] ?? 1, block, ...shape.slice(where + 1)];
		return [undefined, reduce(b, 'ReduceSum', reshape(b, product, split), [where + 1], false)];
	}
	const summed = dims.length === 1 ? all.filter((i) => i !== where) : all;
	return [
		undefined,
		reshape(b, reduce(b, 'ReduceSum', product, dims[0] === 1 ? all : summed), dims)
	];
};

/** det(X): det·X⁻ᵀ needs an inverse, which ONNX has no operator for. */
const determinant = refused('its gradient needs a matrix inverse, which ONNX has no operator for');

const integer = refused(
	'it multiplies integers; only the pattern DynamicQuantizeLinear → MatMulInteger → Cast → Mul is differentiated, through the dequantised weights'
);

/** Matrix products and the quantised forms around them. */
export const MATRIX_RULES = {
	MatMul: rule(matMul),
	Gemm: rule(gemm),
	Einsum: rule(einsum),
	DequantizeLinear: rule(dequantize),
	QuantizeLinear: LOWERED,
	DynamicQuantizeLinear: integer,
	MatMulInteger: integer,
	QLinearMatMul: integer,
	Det: determinant,
	'com.microsoft.FusedMatMul': rule(fusedMatMul),
	'com.microsoft.MatMulNBits': LOWERED,
	'com.microsoft.MatMulIntegerToFloat': LOWERED,
	'com.microsoft.DynamicQuantizeMatMul': LOWERED,
	'com.microsoft.GatherBlockQuantized': LOWERED
};
