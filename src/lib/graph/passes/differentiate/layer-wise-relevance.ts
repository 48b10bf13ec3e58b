import { codeOf } from '../../element-type.ts';
import type { GraphBuilder } from '../../builder.ts';
import { add, castTo, div, mul, scale, sub } from '../emit.ts';
import { ATTN_LRP } from './attn-lrp.ts';
import { GRADIENT } from './gradient.ts';
import type { Rule, RuleEntry, RuleInput, RuleTable } from './rule.ts';
import { rule } from './rule.ts';

/**
 * Layer-wise relevance propagation (Bach et al. 2015; Montavon et al. 2019, "Layer-Wise Relevance
 * Propagation: An Overview") written as a modified gradient: relevance is value × cotangent.
 */

const EPSILON = 1e-6;
const GAMMA = 0.25;

/** z + ε·sign(z), with sign(0) = 1. */
function stabilised(b: GraphBuilder, z: string): string {
	const positive = b.op('GreaterOrEqual', [z, b.scalarLike(0, z)]);
	const sign = shiftSign(b, castTo(b, positive, codeOf(b.type(z))));
	return add(b, z, scale(b, sign, EPSILON));
}

/** {0, 1} → {−1, 1} */
function shiftSign(b: GraphBuilder, bit: string): string {
	return sub(b, scale(b, bit, 2), b.scalarLike(1, bit));
}

/** ε-rule: the cotangent of a linear layer shrinks by z/(z + ε·sign z), then flows as a gradient. */
function epsilonRule(entry: RuleEntry): RuleEntry {
	return rule((input) => {
		const {
			b,
			node,
			dy: [dy]
		} = input;
		if (dy === undefined || entry.kind !== 'rule') return [];
		const z = node.outputs[0] ?? '';
		const damped = mul(b, dy, div(b, z, stabilised(b, z)));
		return entry.rule({ ...input, dy: [damped] });
	});
}

/**
 * γ-rule: positive weights count 1 + γ times. With w' = w + γ·max(w, 0) (biases too) and z' the layer
 * run with w': the cotangent becomes z·dy/z', and flows back through w'.
 */
function gammaRule(entry: RuleEntry): RuleEntry {
	const walk: Rule = (input) => {
		const {
			b,
			node,
			dy: [dy]
		} = input;
		if (dy === undefined || entry.kind !== 'rule') return [];
		if (input.wants(1)) return entry.rule(input);
		const inputs = [node.inputs[0] ?? '', ...node.inputs.slice(1).map((w) => favoured(input, w))];
		const z = node.outputs[0] ?? '';
		const favouredZ = b.op(node.op, inputs, node.attributes);
		const shared = div(b, mul(b, dy, z), stabilised(b, favouredZ));
		return entry.rule({ ...input, node: { ...node, inputs }, dy: [shared] });
	};
	return rule(walk);
}

/** w + γ·max(w, 0). */
function favoured({ b }: RuleInput, w: string): string {
	if (w === '') return w;
	return add(b, w, scale(b, b.op('Relu', [w]), GAMMA));
}

/** ε everywhere: noise cancels, sparse and faithful; ε = 1e-6. */
export const LRP_EPSILON: RuleTable = {
	...ATTN_LRP,
	Conv: epsilonRule(GRADIENT.Conv),
	Gemm: epsilonRule(GRADIENT.Gemm),
	MatMul: epsilonRule(ATTN_LRP.MatMul),
	AveragePool: epsilonRule(GRADIENT.AveragePool),
	GlobalAveragePool: epsilonRule(GRADIENT.GlobalAveragePool)
};

/** γ in convolutions and linear layers (γ = 0.25): smooth maps of images after ReLU. */
export const LRP_GAMMA: RuleTable = {
	...LRP_EPSILON,
	Conv: gammaRule(GRADIENT.Conv),
	Gemm: gammaRule(GRADIENT.Gemm),
	MatMul: gammaRule(ATTN_LRP.MatMul)
};
