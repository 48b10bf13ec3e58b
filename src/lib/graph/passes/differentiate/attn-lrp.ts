import { floatOf, intOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { add, div, mul, neg, reduce, scale, shift, square, sub, sumTo } from '../emit.ts';
import { GRADIENT } from './gradient.ts';
import type { Rule, RuleInput, RuleTable } from './rule.ts';
import { rule } from './rule.ts';

/**
 * AttnLRP (Achtibat et al. 2024, "AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for
 * Transformers") written as a modified gradient: relevance is value × cotangent. Each rule keeps the
 * sum of relevance: linear layers as they are, activations by f(x)/x, normalisations with their
 * deviation held fixed, products of two dependent values in equal halves, softmax as it is.
 */

/** dx = dy·f(x)/(x + 1e-10): the activation acts like the factor it multiplied its input with. */
const activation: Rule = ({ b, node, dy: [dy] }) => {
	const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
	return dy === undefined ? [] : [mul(b, dy, div(b, y, shift(b, x, 1e-10)))];
};

/** The same for activations that add a bias first; the bias is not explained. */
const biasedActivation: Rule = ({ b, node, dy: [dy] }) => {
	const [x = '', bias] = node.inputs;
	if (dy === undefined) return [];
	const shifted = bias ? add(b, x, bias) : x;
	return [mul(b, dy, div(b, node.outputs[0] ?? '', shift(b, shifted, 1e-10)))];
};

/** Normalisation with the deviation held fixed: dx = r·(g − mean g), or r·g without centring. */
const normalisation =
	(centre: boolean): Rule =>
	({ b, node, dy: [dy] }) => {
		const [x = '', gain = ''] = node.inputs;
		if (dy === undefined) return [];
		const rank = b.rank(x);
		const axis = intOf(node, 'axis', -1);
		const first = axis < 0 ? axis + rank : axis;
		const axes = Array.from({ length: rank - first }, (_, i) => first + i);
		const mean = (v: string): string => reduce(b, 'ReduceMean', v, axes);
		const centred = centre ? sub(b, x, mean(x)) : x;
		const variance = shift(b, mean(square(b, centred)), floatOf(node, 'epsilon', 1e-5));
		const g = div(b, mul(b, dy, gain), b.op('Sqrt', [variance]));
		return [centre ? sub(b, g, mean(g)) : g];
	};

/** Element-by-element operators that a gate such as sigmoid(x) or ½(1 + tanh(…x…)) is built of. */
const GATE_PARTS: ReadonlySet<string> = new Set(
	'Sigmoid Tanh Erf Add Sub Mul Div Pow Neg Cast Identity HardSigmoid Softplus Exp Reciprocal Clip'.split(
		' '
	)
);

/** Strips factors that do not depend on the input: x of ½·x. */
function core(input: RuleInput, name: string): string {
	const node = input.producer(name);
	if (!node || !['Mul', 'Div', 'Identity', 'Cast'].includes(node.op)) return name;
	const inner = node.inputs.filter((part) => input.depends(part));
	return inner.length === 1 ? core(input, inner[0] ?? '') : name;
}

/** Whether `gate` is a function, element by element, of `x` alone. */
function isGateOf(input: RuleInput, gate: string, x: string, depth = 0): boolean {
	if (gate === x) return true;
	if (!input.depends(gate)) return true;
	const node = input.producer(gate);
	if (!node || depth > 16 || node.domain !== '' || !GATE_PARTS.has(node.op)) return false;
	return node.inputs.every((part) => isGateOf(input, part, x, depth + 1));
}

/** Whether a factor is a statistic of a normalisation: one value for the whole last axis. */
function isStatistic(b: GraphBuilder, factor: string, other: string): boolean {
	return b.dims(factor).at(-1) === 1 && b.dims(other).at(-1) !== 1;
}

/**
 * z = x·y: a value times its own gate keeps the gate fixed (z/x is the gate); a value times a
 * statistic of a normalisation keeps the statistic fixed; two values share in halves.
 */
const product: Rule = (input) => {
	const {
		b,
		node,
		dy: [dz],
		wants
	} = input;
	const [x = '', y = ''] = node.inputs;
	if (dz === undefined) return [];
	const dx = (factor: number): string => sumTo(b, mul(b, scale(b, dz, factor), y), b.dims(x));
	const dy = (factor: number): string => sumTo(b, mul(b, scale(b, dz, factor), x), b.dims(y));
	if (!wants(0) || !wants(1)) return [wants(0) ? dx(1) : undefined, wants(1) ? dy(1) : undefined];
	if (x !== y) {
		if (isStatistic(b, y, x) || isGateOf(input, y, core(input, x))) return [dx(1), undefined];
		if (isStatistic(b, x, y) || isGateOf(input, x, core(input, y))) return [undefined, dy(1)];
	}
	return [dx(0.5), dy(0.5)];
};

/** z = x/y: the denominator is held fixed when both depend on the input. */
const quotient: Rule = ({ b, node, dy: [dz], wants }) => {
	const [x = '', y = ''] = node.inputs;
	if (dz === undefined) return [];
	if (wants(0)) return [sumTo(b, div(b, dz, y), b.dims(x))];
	const back = neg(b, div(b, mul(b, dz, node.outputs[0] ?? ''), y));
	return [undefined, sumTo(b, back, b.dims(y))];
};

const plainMatMul = GRADIENT.MatMul;

/** A product of two dependent matrices (queries by keys, attention by values) shares in halves. */
const bilinear: Rule = (input) => {
	if (plainMatMul.kind !== 'rule') return [];
	const {
		b,
		dy: [dy],
		wants
	} = input;
	if (dy === undefined || !(wants(0) && wants(1))) return plainMatMul.rule(input);
	return plainMatMul.rule({ ...input, dy: [scale(b, dy, 0.5)] });
};

const ACTIVATIONS = {
	Relu: rule(activation),
	LeakyRelu: rule(activation),
	Elu: rule(activation),
	Celu: rule(activation),
	Selu: rule(activation),
	Gelu: rule(activation),
	Swish: rule(activation),
	Mish: rule(activation),
	HardSwish: rule(activation),
	Tanh: rule(activation),
	Erf: rule(activation),
	'com.microsoft.Gelu': rule(activation),
	'com.microsoft.QuickGelu': rule(activation),
	'com.microsoft.FastGelu': rule(biasedActivation),
	'com.microsoft.BiasGelu': rule(biasedActivation)
};

/** AttnLRP: see the head of this file. Free for personal and scientific use only, say its authors. */
export const ATTN_LRP: RuleTable = {
	...GRADIENT,
	...ACTIVATIONS,
	Mul: rule(product),
	Div: rule(quotient),
	MatMul: rule(bilinear),
	LayerNormalization: rule(normalisation(true)),
	SimplifiedLayerNormalization: rule(normalisation(false)),
	RMSNormalization: rule(normalisation(false))
};
