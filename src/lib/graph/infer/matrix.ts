import { intOf, stringOf } from '../attributes.ts';
import type { Dim, Node } from '../graph.ts';
import type { Fact, InferRule } from './fact.ts';
import { at, broadcast, shapeError } from './fact.ts';

/** Shape of a batched matrix product [.., m, k] × [.., k, n]; vectors as in NumPy. */
function product(a: Fact, b: Fact, node: Node): readonly Dim[] | undefined {
	if (!a.dims || !b.dims) return undefined;
	const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
	const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
	const [m, k] = left.slice(-2);
	const [k2, n] = right.slice(-2);
	if (typeof k === 'number' && typeof k2 === 'number' && k !== k2) {
		throw shapeError(node, `[${a.dims.join(', ')}] × [${b.dims.join(', ')}] (${k} against ${k2})`);
	}
	const batch = broadcast([left.slice(0, -2), right.slice(0, -2)], node) ?? [];
	const rows = a.dims.length === 1 ? [] : [m ?? ''];
	const columns = b.dims.length === 1 ? [] : [n ?? ''];
	return [...batch, ...rows, ...columns];
}

const matMul: InferRule = ({ node, inputs }) => [
	{ type: at(inputs, 0).type, dims: product(at(inputs, 0), at(inputs, 1), node) }
];

const matMulInteger: InferRule = ({ node, inputs }) => [
	{ type: 'int32', dims: product(at(inputs, 0), at(inputs, 1), node) }
];

/** MatMulIntegerToFloat takes its type from a_scale, DynamicQuantizeMatMul from A. */
const matMulToFloat: InferRule = ({ node, inputs }) => [
	{ type: 'float32', dims: product(at(inputs, 0), at(inputs, 1), node) }
];

const qLinearMatMul: InferRule = ({ node, inputs }) => [
	{ type: at(inputs, 7).type, dims: product(at(inputs, 0), at(inputs, 3), node) }
];

const gemm: InferRule = ({ node, inputs }) => {
	const flip = (fact: Fact, name: string): readonly Dim[] | undefined =>
		intOf(node, name, 0) === 1 && fact.dims ? [...fact.dims].reverse() : fact.dims;
	const [a, b] = [flip(at(inputs, 0), 'transA'), flip(at(inputs, 1), 'transB')];
	return [{ type: at(inputs, 0).type, dims: product({ dims: a }, { dims: b }, node) }];
};

const fusedMatMul: InferRule = ({ node, inputs }) => {
	const flip = (fact: Fact, name: string): Fact =>
		intOf(node, name, 0) === 1 && fact.dims && fact.dims.length > 1
			? { dims: [...fact.dims.slice(0, -2), ...fact.dims.slice(-2).reverse()] }
			: fact;
	const dims = product(flip(at(inputs, 0), 'transA'), flip(at(inputs, 1), 'transB'), node);
	return [{ type: at(inputs, 0).type, dims }];
};

const matMulNBits: InferRule = ({ node, inputs }) => {
	const { type, dims } = at(inputs, 0);
	return [{ type, dims: dims && [...dims.slice(0, -1), intOf(node, 'N', 0)] }];
};

/** The terms of an Einsum equation: input subscripts and output subscripts, without blanks. */
export function parseEinsum(equation: string): { terms: string[]; output: string } {
	const [left = '', right] = equation.replaceAll(' ', '').split('->');
	const terms = left.split(',');
	if (right !== undefined) return { terms, output: right };
	const letters = [...left.replace(/[,.]/g, '')];
	const once = letters.filter((c) => letters.indexOf(c) === letters.lastIndexOf(c)).sort();
	return { terms, output: (left.includes('...') ? '...' : '') + once.join('') };
}

const einsum: InferRule = ({ node, inputs }) => {
	const { terms, output } = parseEinsum(stringOf(node, 'equation', ''));
	const type = at(inputs, 0).type;
	const sizes = new Map<string, Dim>();
	let ellipsis: readonly Dim[] = [];
	for (const [index, term] of terms.entries()) {
		const dims = at(inputs, index).dims;
		if (!dims) return [{ type }];
		const letters = term.replace('...', '');
		const start = term.indexOf('...');
		const extra = dims.length - letters.length;
		if (start >= 0) ellipsis = broadcast([ellipsis, dims.slice(start, start + extra)], node) ?? [];
		[...letters].forEach((letter, i) => {
			const dim = dims[start >= 0 && i >= start ? i + extra : i] ?? '';
			if (!sizes.has(letter) || sizes.get(letter) === 1) sizes.set(letter, dim);
		});
	}
	const dims = output
		.replace('...', '.')
		.split('')
		.flatMap((c) => (c === '.' ? ellipsis : [sizes.get(c) ?? '']));
	return [{ type, dims }];
};

const dynamicQuantize: InferRule = ({ inputs }) => [
	{ type: 'uint8', dims: at(inputs, 0).dims },
	{ type: 'float32', dims: [] },
	{ type: 'uint8', dims: [] }
];

const dequantize: InferRule = ({ inputs }) => [
	{ type: at(inputs, 1).type, dims: at(inputs, 0).dims }
];

const quantize: InferRule = ({ inputs }) => [
	{ type: at(inputs, 2).type ?? 'uint8', dims: at(inputs, 0).dims }
];

const gatherBlockQuantized: InferRule = ({ node, inputs }) => {
	const [data, indices] = [at(inputs, 0), at(inputs, 1).dims];
	if (!data.dims || !indices) return [{ type: at(inputs, 2).type }];
	const axis = intOf(node, 'gather_axis', 0);
	// Bytes may hold two 4-bit values of the last axis.
	const packed = data.type === 'uint8' ? 8 / intOf(node, 'bits', 4) : 1;
	const rest = data.dims.map((dim, i) =>
		i === (data.dims?.length ?? 0) - 1 && typeof dim === 'number' ? dim * packed : dim
	);
	return [
		{
			type: at(inputs, 2).type,
			dims: [...rest.slice(0, axis), ...indices, ...rest.slice(axis + 1)]
		}
	];
};

/** Shapes of matrix products and of the quantised forms around them. */
export const MATRIX: Readonly<Record<string, InferRule>> = {
	MatMul: matMul,
	MatMulInteger: matMulInteger,
	QLinearMatMul: qLinearMatMul,
	Gemm: gemm,
	Einsum: einsum,
	DynamicQuantizeLinear: dynamicQuantize,
	DequantizeLinear: dequantize,
	QuantizeLinear: quantize,
	'com.microsoft.DequantizeLinear': dequantize,
	'com.microsoft.QuantizeLinear': quantize,
	'com.microsoft.FusedMatMul': fusedMatMul,
	'com.microsoft.MatMulNBits': matMulNBits,
	'com.microsoft.MatMulIntegerToFloat': matMulToFloat,
	'com.microsoft.DynamicQuantizeMatMul': matMulToFloat,
	'com.microsoft.GatherBlockQuantized': gatherBlockQuantized
};
