import { floatOf, stringOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import type { Node } from '../../graph.ts';
import { codeOf } from '../../element-type.ts';
import {
	add,
	castTo,
	div,
	keepWhere,
	mul,
	neg,
	scale,
	shift,
	square,
	sub,
	sumTo
} from '../emit.ts';
import type { Rule } from './rule.ts';
import { refused, rule, zero } from './rule.ts';

interface Unary {
	readonly b: GraphBuilder;
	readonly node: Node;
	readonly x: string;
	readonly y: string;
	readonly dy: string;
}

/** A rule for y = f(x): emits dx from x, y and dy. */
function unary(apply: (input: Unary) => string): ReturnType<typeof rule> {
	return rule(({ b, node, dy: [dy] }) => {
		const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
		return dy === undefined ? [] : [apply({ b, node, x, y, dy })];
	});
}

/** A rule for z = f(x, y) with broadcasting: emits both cotangents in z's shape, then sums. */
function binary(
	apply: (
		b: GraphBuilder,
		x: string,
		y: string,
		dz: string,
		z: string
	) => [() => string, () => string]
): ReturnType<typeof rule> {
	const walk: Rule = ({ b, node, dy: [dz], wants }) => {
		const [x = '', y = ''] = node.inputs;
		if (dz === undefined) return [];
		return apply(b, x, y, dz, node.outputs[0] ?? '').map((emit, i) =>
			wants(i) ? sumTo(b, emit(), b.dims(i === 0 ? x : y)) : undefined
		);
	};
	return rule(walk);
}

/** Max, Min, Mean and Sum of any number of inputs. */
const sum: Rule = ({ b, node, dy: [dy], wants }) =>
	node.inputs.map((x, i) => (dy !== undefined && wants(i) ? sumTo(b, dy, b.dims(x)) : undefined));

const mean: Rule = ({ b, node, dy: [dy], wants }) =>
	node.inputs.map((x, i) =>
		dy !== undefined && wants(i)
			? sumTo(b, scale(b, dy, 1 / node.inputs.length), b.dims(x))
			: undefined
	);

/** The cotangent goes to the inputs that reach the extreme, in equal parts (as in PyTorch). */
const extreme: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const y = node.outputs[0] ?? '';
	const code = codeOf(b.type(dy));
	const hits = node.inputs.map((x) => castTo(b, b.op('Equal', [x, y]), code));
	const share = div(
		b,
		dy,
		hits.reduce((a, h) => add(b, a, h))
	);
	return node.inputs.map((x, i) =>
		wants(i) ? sumTo(b, mul(b, share, hits[i] ?? ''), b.dims(x)) : undefined
	);
};

/** z = xʸ: dx = y·xʸ⁻¹·dz, dy = z·ln x·dz (0 where x ≤ 0). A constant exponent needs no logarithm. */
const power = binary((b, x, y, dz, z) => [
	() => {
		const exponent = b.value(y);
		if (exponent?.length === 1 && exponent[0] !== undefined) {
			if (exponent[0] === 2) return mul(b, dz, scale(b, x, 2));
			const lower = b.op('Pow', [x, b.scalarLike(exponent[0] - 1, x)]);
			return mul(b, dz, scale(b, lower, exponent[0]));
		}
		const wide = castTo(b, y, codeOf(b.type(dz)));
		return mul(b, dz, mul(b, wide, b.op('Pow', [x, shift(b, wide, -1)])));
	},
	() => {
		const safe = b.op('Where', [b.op('Greater', [x, b.scalarLike(0, x)]), x, b.scalarLike(1, x)]);
		return mul(b, dz, mul(b, z, b.op('Log', [safe])));
	}
]);

/** z = x mod y (fmod): dx = dz, dy = −trunc(x/y)·dz. */
const modulo = binary((b, x, y, dz) => [
	() => dz,
	() => {
		const ratio = div(b, x, y);
		const whole = mul(b, b.op('Floor', [b.op('Abs', [ratio])]), b.op('Sign', [ratio]));
		return neg(b, mul(b, dz, whole));
	}
]);

/** z = x where x ≥ 0, slope·x elsewhere. */
const pRelu = binary((b, x, slope, dz) => {
	const negative = (): string => b.op('Less', [x, b.scalarLike(0, x)]);
	return [
		() => b.op('Where', [negative(), mul(b, dz, slope), dz]),
		() => keepWhere(b, negative(), mul(b, dz, x))
	];
});

/** y = x clipped to [lo, hi]: the gradient passes where x lies within (bounds included). */
const clip: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const [x = '', low, high] = node.inputs;
	const pass = (bound: string | undefined, op: string): string | undefined =>
		bound ? b.op(op, [x, bound]) : undefined;
	const inside = [pass(low, 'GreaterOrEqual'), pass(high, 'LessOrEqual')].filter(
		(c) => c !== undefined
	);
	const within = inside.length === 0 ? undefined : inside.reduce((p, q) => b.op('And', [p, q]));
	const outside = (bound: string, op: string): string =>
		sumTo(b, keepWhere(b, b.op(op, [x, bound]), dy), b.dims(bound));
	return [
		within === undefined ? dy : keepWhere(b, within, dy),
		low && wants(1) ? outside(low, 'Less') : undefined,
		high && wants(2) ? outside(high, 'Greater') : undefined
	];
};

const where: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const [condition = '', x = '', y = ''] = node.inputs;
	const zeroLike = b.scalarLike(0, dy);
	return [
		undefined,
		wants(1) ? sumTo(b, b.op('Where', [condition, dy, zeroLike]), b.dims(x)) : undefined,
		wants(2) ? sumTo(b, b.op('Where', [condition, zeroLike, dy]), b.dims(y)) : undefined
	];
};

/** A cast between floats passes the cotangent back in the input's type; from integers nothing. */
const cast: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	return dy === undefined ? [] : [castTo(b, dy, codeOf(b.type(x)))];
};

/** y = sin-like pairs: derivative named by operator, times a sign. */
const positive = (b: GraphBuilder, x: string): string => b.op('Greater', [x, b.scalarLike(0, x)]);
const negative = (b: GraphBuilder, x: string): string => b.op('Less', [x, b.scalarLike(0, x)]);

/** 1 − y². */
const oneMinusSquare = (b: GraphBuilder, y: string): string =>
	sub(b, b.scalarLike(1, y), square(b, y));

/** y(1 − y), the logistic derivative. */
const logistic = (b: GraphBuilder, y: string): string => mul(b, y, sub(b, b.scalarLike(1, y), y));

/** sign(x) from comparisons: the Sign kernel is missing on native WebGPU. */
const sign = (b: GraphBuilder, x: string, dy: string): string =>
	sub(b, keepWhere(b, positive(b, x), dy), keepWhere(b, negative(b, x), dy));

/** y = x where x > 0 (or `from`), slope-like expression elsewhere. */
const branch = (b: GraphBuilder, condition: string, yes: string, no: string): string =>
	b.op('Where', [condition, yes, no]);

const hardSigmoid = ({ b, node, y, dy }: Unary): string => {
	const inside = b.op('And', [positive(b, y), b.op('Less', [y, b.scalarLike(1, y)])]);
	return keepWhere(b, inside, scale(b, dy, floatOf(node, 'alpha', 0.2)));
};

/** x·clip(x/6 + ½, 0, 1): derivative 0 below −3, 1 above 3, x/3 + ½ between. */
const hardSwish = ({ b, x, dy }: Unary): string => {
	const slope = shift(b, scale(b, x, 1 / 3), 0.5);
	const above = b.op('GreaterOrEqual', [x, b.scalarLike(3, x)]);
	const below = b.op('LessOrEqual', [x, b.scalarLike(-3, x)]);
	return keepWhere(b, b.op('Not', [below]), branch(b, above, dy, mul(b, dy, slope)));
};

/** y = α(exp(x/β) − 1) where x < 0 and γ·x elsewhere, for Elu, Celu and Selu. */
const exponential =
	(constants: (node: Node) => [alpha: number, beta: number, gamma: number]) =>
	({ b, node, x, dy }: Unary): string => {
		const [alpha, beta, gamma] = constants(node);
		// Clamped, so that the branch not taken cannot overflow.
		const low = b.op('Min', [x, b.scalarLike(0, x)]);
		const slope = scale(b, b.op('Exp', [scale(b, low, 1 / beta)]), alpha / beta);
		return branch(b, negative(b, x), mul(b, dy, slope), scale(b, dy, gamma));
	};

const shrink = ({ b, node, x, dy }: Unary): string => {
	const lambd = floatOf(node, 'lambd', 0.5);
	const out = b.op('Greater', [b.op('Abs', [x]), b.scalarLike(lambd, x)]);
	return keepWhere(b, out, dy);
};

/** x·sigmoid(αx): σ + αx·σ(1−σ). */
const swish =
	(attribute: number | undefined) =>
	({ b, node, x, dy }: Unary): string => {
		const alpha = attribute ?? floatOf(node, 'alpha', 1);
		const s = b.op('Sigmoid', [scale(b, x, alpha)]);
		const slope = add(b, s, mul(b, scale(b, x, alpha), logistic(b, s)));
		return mul(b, dy, slope);
	};

const mish = ({ b, x, dy }: Unary): string => {
	const t = b.op('Tanh', [b.op('Softplus', [x])]);
	const inner = mul(b, mul(b, x, b.op('Sigmoid', [x])), oneMinusSquare(b, t));
	return mul(b, dy, add(b, t, inner));
};

/** ½x(1 + erf(x/√2)): Φ(x) + x·φ(x), Φ and φ of the standard normal. */
export function geluErf(b: GraphBuilder, x: string, dy: string): string {
	const cdf = scale(b, shift(b, b.op('Erf', [scale(b, x, Math.SQRT1_2)]), 1), 0.5);
	const bell = b.op('Exp', [scale(b, square(b, x), -0.5)]);
	const density = scale(b, mul(b, x, bell), 1 / Math.sqrt(2 * Math.PI));
	return mul(b, dy, add(b, cdf, density));
}

/** ½x(1 + t), t = tanh(c(x + 0.044715x³)): ½(1 + t) + ½x(1 − t²)·c(1 + 3·0.044715x²). */
export function geluTanh(b: GraphBuilder, x: string, dy: string): string {
	const c = Math.sqrt(2 / Math.PI);
	const x2 = square(b, x);
	const inner = mul(b, x, shift(b, scale(b, x2, 0.044715 * c), c));
	const t = b.op('Tanh', [inner]);
	const slope = shift(b, scale(b, x2, 3 * 0.044715 * c), c);
	const tail = mul(b, scale(b, x, 0.5), mul(b, oneMinusSquare(b, t), slope));
	return mul(b, dy, add(b, scale(b, shift(b, t, 1), 0.5), tail));
}

const gelu = ({ b, node, x, dy }: Unary): string =>
	stringOf(node, 'approximate', 'none') === 'tanh' ? geluTanh(b, x, dy) : geluErf(b, x, dy);

/** FastGelu(x + bias): the bias, when present, gets the summed cotangent. */
const fastGelu: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const [x = '', bias] = node.inputs;
	const dx = geluTanh(b, bias ? add(b, x, bias) : x, dy);
	return [dx, bias && wants(1) ? sumTo(b, dx, b.dims(bias)) : undefined];
};

const biasGelu: Rule = ({ b, node, dy: [dy], wants }) => {
	if (dy === undefined) return [];
	const [x = '', bias = ''] = node.inputs;
	const dx = geluErf(b, add(b, x, bias), dy);
	return [dx, wants(1) ? sumTo(b, dx, b.dims(bias)) : undefined];
};

const piecewise = 'piecewise constant: its derivative is zero almost everywhere';
const logical = 'its result is a truth value or an integer';

/** Element-by-element operators. Each line gives the derivative that the rule emits. */
export const ELEMENTWISE_RULES = {
	// dx = dy
	Identity: unary(({ dy }) => dy),
	Cast: rule(cast),
	CastLike: rule(cast),
	// dx = sign(x)·dy
	Abs: unary(({ b, x, dy }) => sign(b, x, dy)),
	// dx = −dy
	Neg: unary(({ b, dy }) => neg(b, dy)),
	// dx = −y²·dy
	Reciprocal: unary(({ b, y, dy }) => neg(b, mul(b, dy, square(b, y)))),
	// dx = dy / 2y
	Sqrt: unary(({ b, y, dy }) => div(b, scale(b, dy, 0.5), y)),
	// dx = y·dy
	Exp: unary(({ b, y, dy }) => mul(b, dy, y)),
	// dx = dy / x
	Log: unary(({ b, x, dy }) => div(b, dy, x)),
	// dx = 2/√π·exp(−x²)·dy
	Erf: unary(({ b, x, dy }) => {
		const bell = b.op('Exp', [neg(b, square(b, x))]);
		return mul(b, dy, scale(b, bell, 2 / Math.sqrt(Math.PI)));
	}),
	Sin: unary(({ b, x, dy }) => mul(b, dy, b.op('Cos', [x]))),
	Cos: unary(({ b, x, dy }) => neg(b, mul(b, dy, b.op('Sin', [x])))),
	// dx = (1 + y²)·dy
	Tan: unary(({ b, y, dy }) => mul(b, dy, shift(b, square(b, y), 1))),
	// dx = dy / √(1 − x²), negative for acos
	Asin: unary(({ b, x, dy }) => div(b, dy, b.op('Sqrt', [oneMinusSquare(b, x)]))),
	Acos: unary(({ b, x, dy }) => neg(b, div(b, dy, b.op('Sqrt', [oneMinusSquare(b, x)])))),
	// dx = dy / (1 + x²)
	Atan: unary(({ b, x, dy }) => div(b, dy, shift(b, square(b, x), 1))),
	Sinh: unary(({ b, x, dy }) => mul(b, dy, b.op('Cosh', [x]))),
	Cosh: unary(({ b, x, dy }) => mul(b, dy, b.op('Sinh', [x]))),
	// dx = (1 − y²)·dy
	Tanh: unary(({ b, y, dy }) => mul(b, dy, oneMinusSquare(b, y))),
	// dx = dy / √(x² + 1), dy / √(x² − 1), dy / (1 − x²)
	Asinh: unary(({ b, x, dy }) => div(b, dy, b.op('Sqrt', [shift(b, square(b, x), 1)]))),
	Acosh: unary(({ b, x, dy }) => div(b, dy, b.op('Sqrt', [shift(b, square(b, x), -1)]))),
	Atanh: unary(({ b, x, dy }) => div(b, dy, oneMinusSquare(b, x))),
	// dx = y(1 − y)·dy
	Sigmoid: unary(({ b, y, dy }) => mul(b, dy, logistic(b, y))),
	// dx = sigmoid(x)·dy
	Softplus: unary(({ b, x, dy }) => mul(b, dy, b.op('Sigmoid', [x]))),
	// dx = dy / (1 + |x|)²
	Softsign: unary(({ b, x, dy }) => div(b, dy, square(b, shift(b, b.op('Abs', [x]), 1)))),
	// dx = dy where x > 0
	Relu: unary(({ b, x, dy }) => keepWhere(b, positive(b, x), dy)),
	LeakyRelu: unary(({ b, node, x, dy }) =>
		branch(b, negative(b, x), scale(b, dy, floatOf(node, 'alpha', 0.01)), dy)
	),
	ThresholdedRelu: unary(({ b, node, x, dy }) =>
		keepWhere(b, b.op('Greater', [x, b.scalarLike(floatOf(node, 'alpha', 1), x)]), dy)
	),
	Elu: unary(exponential((node) => [floatOf(node, 'alpha', 1), 1, 1])),
	Celu: unary(exponential((node) => [floatOf(node, 'alpha', 1), floatOf(node, 'alpha', 1), 1])),
	Selu: unary(
		exponential((node) => {
			const gamma = floatOf(node, 'gamma', 1.0507009873554805);
			return [gamma * floatOf(node, 'alpha', 1.6732632423543772), 1, gamma];
		})
	),
	HardSigmoid: unary(hardSigmoid),
	HardSwish: unary(hardSwish),
	Shrink: unary(shrink),
	Mish: unary(mish),
	Swish: unary(swish(undefined)),
	Gelu: unary(gelu),
	'com.microsoft.Gelu': unary(({ b, x, dy }) => geluErf(b, x, dy)),
	'com.microsoft.QuickGelu': unary((input) => swish(floatOf(input.node, 'alpha', 1.702))(input)),
	'com.microsoft.FastGelu': rule(fastGelu),
	'com.microsoft.BiasGelu': rule(biasGelu),
	Clip: rule(clip),
	PRelu: pRelu,
	// dx = dz, dy = dz
	Add: binary((_b, _x, _y, dz) => [() => dz, () => dz]),
	// dx = dz, dy = −dz
	Sub: binary((b, _x, _y, dz) => [() => dz, () => neg(b, dz)]),
	// dx = y·dz, dy = x·dz
	Mul: binary((b, x, y, dz) => [() => mul(b, dz, y), () => mul(b, dz, x)]),
	// dx = dz / y, dy = −z·dz / y
	Div: binary((b, _x, y, dz, z) => [() => div(b, dz, y), () => neg(b, div(b, mul(b, dz, z), y))]),
	Pow: power,
	Mod: modulo,
	Max: rule(extreme),
	Min: rule(extreme),
	Mean: rule(mean),
	Sum: rule(sum),
	Where: rule(where),
	Ceil: zero(piecewise),
	Floor: zero(piecewise),
	Round: zero(piecewise),
	Sign: zero(piecewise),
	And: zero(logical),
	Or: zero(logical),
	Xor: zero(logical),
	Not: zero(logical),
	Equal: zero(logical),
	Greater: zero(logical),
	GreaterOrEqual: zero(logical),
	Less: zero(logical),
	LessOrEqual: zero(logical),
	IsInf: zero(logical),
	IsNaN: zero(logical),
	BitShift: zero(logical),
	BitwiseAnd: zero(logical),
	BitwiseNot: zero(logical),
	BitwiseOr: zero(logical),
	BitwiseXor: zero(logical),
	Bernoulli: zero('it draws at random'),
	Dropout: refused(
		'it is in training mode, where it draws at random; export the model for inference'
	)
};
