import { codeOf, elementTypeOf } from '../element-type.ts';
import { intOf } from '../attributes.ts';
import { describeNode } from '../graph.ts';
import type { Dim } from '../graph.ts';
import type { ElementType } from '../element-type.ts';
import type { Evaluate, SmallTensor } from './small-tensor.ts';
import { build, coerce, isInteger, ravel } from './small-tensor.ts';

function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
	const rank = Math.max(...shapes.map((shape) => shape.length));
	return Array.from({ length: rank }, (_, axis) =>
		shapes.reduce((size, shape) => {
			const dim = shape[axis - rank + shape.length] ?? 1;
			return size === 1 ? dim : size;
		}, 1)
	);
}

type Operation = (a: number, b: number, type: ElementType) => number;

function binary(apply: Operation, output?: ElementType): Evaluate {
	return (_, [a, b]) => {
		if (!a || !b) return undefined;
		const type = output ?? a.type;
		const dims = broadcastShapes([a.dims, b.dims]);
		return [
			build(type, dims, (index) => {
				const [x = '', y = ''] = [a.value[ravel(index, a.dims)], b.value[ravel(index, b.dims)]];
				if (typeof x === 'number' && typeof y === 'number') {
					return coerce(type, apply(x, y, a.type));
				}
				return symbolic(apply, x, y);
			})
		];
	};
}

/** The few identities that keep a symbolic size alive: s·1, s+0, s−0, s÷1. */
function symbolic(apply: Operation, x: Dim, y: Dim): Dim {
	if (apply === multiply) return x === 1 ? y : y === 1 ? x : '';
	if (apply === add) return x === 0 ? y : y === 0 ? x : '';
	if (apply === subtract) return y === 0 ? x : '';
	return apply === divide && y === 1 ? x : '';
}

const add: Operation = (a, b) => a + b;
const subtract: Operation = (a, b) => a - b;
const multiply: Operation = (a, b) => a * b;
const divide: Operation = (a, b, type) => (isInteger(type) ? Math.trunc(a / b) : a / b);
const modulo: Operation = (a, b) => (b === 0 ? 0 : ((a % b) + b) % b);

const comparison = (apply: (a: number, b: number) => boolean): Evaluate => {
	const evaluate = binary((a, b) => (apply(a, b) ? 1 : 0), 'bool');
	return (node, inputs) => {
		// A comparison with an unknown size has no answer yet.
		const known = inputs.every((input) => input?.value.every((v) => typeof v === 'number'));
		return known ? evaluate(node, inputs) : undefined;
	};
};

function unary(apply: (a: number) => number): Evaluate {
	return (_, [a]) =>
		a && [
			{ ...a, value: a.value.map((v) => (typeof v === 'number' ? coerce(a.type, apply(v)) : '')) }
		];
}

const cast: Evaluate = (node, [a]) => {
	if (!a) return undefined;
	const type = elementTypeOf(intOf(node, 'to', codeOf('float32')), describeNode(node));
	return [{ ...a, type, value: a.value.map((v) => (typeof v === 'number' ? coerce(type, v) : v)) }];
};

const where: Evaluate = (_, [condition, a, b]) => {
	if (!condition || !a || !b) return undefined;
	if (condition.value.some((v) => typeof v !== 'number')) return undefined;
	const dims = broadcastShapes([condition.dims, a.dims, b.dims]);
	return [
		build(a.type, dims, (index) => {
			const source = condition.value[ravel(index, condition.dims)] ? a : b;
			return source.value[ravel(index, source.dims)] ?? '';
		})
	];
};

function reduction(apply: (values: readonly number[]) => number): Evaluate {
	return (node, [a, axes]) => {
		if (!a || a.value.some((v) => typeof v !== 'number')) return undefined;
		const attribute = node.attributes['axes'];
		const given = attribute?.kind === 'ints' ? attribute.value : axes?.value.map(Number);
		const all = a.dims.map((_, axis) => axis);
		const gone = given?.map((axis) => (axis < 0 ? axis + a.dims.length : axis)) ?? all;
		const kept = a.dims.map((dim, axis) => (gone.includes(axis) ? 1 : dim));
		const groups = new Map<number, number[]>();
		const source = build(a.type, a.dims, () => 0);
		source.value.forEach((_, position) => {
			const index = indexAt(position, a.dims);
			const key = ravel(index, kept);
			groups.set(key, [...(groups.get(key) ?? []), Number(a.value[position])]);
		});
		const value = build(a.type, kept, () => 0).value.map((_, i) =>
			coerce(a.type, apply(groups.get(i) ?? []))
		);
		const keep = intOf(node, 'keepdims', 1) === 1;
		return [{ type: a.type, dims: keep ? kept : kept.filter((_, i) => !gone.includes(i)), value }];
	};
}

function indexAt(position: number, dims: readonly number[]): number[] {
	let rest = position;
	return dims
		.map((dim) => dim)
		.reverse()
		.map((dim) => {
			const index = rest % dim;
			rest = Math.floor(rest / dim);
			return index;
		})
		.reverse();
}

const range: Evaluate = (_, [start, limit, delta]) => {
	const [from, to, step] = [start, limit, delta].map((t: SmallTensor | undefined) => t?.value[0]);
	if (!start || typeof from !== 'number' || typeof to !== 'number' || typeof step !== 'number') {
		return undefined;
	}
	const count = Math.max(0, Math.ceil((to - from) / step));
	return [build(start.type, [count], ([i = 0]) => coerce(start.type, from + i * step))];
};

/** Arithmetic on small tensors. */
export const ARITHMETIC: Readonly<Record<string, Evaluate>> = {
	Add: binary(add),
	Sub: binary(subtract),
	Mul: binary(multiply),
	Div: binary(divide),
	Mod: binary(modulo),
	Pow: binary((a, b) => a ** b),
	Max: binary((a, b) => Math.max(a, b)),
	Min: binary((a, b) => Math.min(a, b)),
	And: binary((a, b) => a & b, 'bool'),
	Or: binary((a, b) => a | b, 'bool'),
	Xor: binary((a, b) => a ^ b, 'bool'),
	Equal: comparison((a, b) => a === b),
	Less: comparison((a, b) => a < b),
	LessOrEqual: comparison((a, b) => a <= b),
	Greater: comparison((a, b) => a > b),
	GreaterOrEqual: comparison((a, b) => a >= b),
	Neg: unary((a) => -a),
	Abs: unary(Math.abs),
	Floor: unary(Math.floor),
	Ceil: unary(Math.ceil),
	Sqrt: unary(Math.sqrt),
	Not: unary((a) => (a === 0 ? 1 : 0)),
	Sign: unary(Math.sign),
	Identity: (_, [a]) => a && [a],
	Cast: cast,
	Where: where,
	ReduceProd: reduction((values) => values.reduce((a, b) => a * b, 1)),
	ReduceSum: reduction((values) => values.reduce((a, b) => a + b, 0)),
	ReduceMax: reduction((values) => Math.max(...values)),
	ReduceMin: reduction((values) => Math.min(...values)),
	Range: range
};
