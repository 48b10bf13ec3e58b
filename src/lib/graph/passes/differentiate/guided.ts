import { keepWhere } from '../emit.ts';
import { ATTN_LRP } from './attn-lrp.ts';
import { GRADIENT } from './gradient.ts';
import type { Rule, RuleTable } from './rule.ts';
import { rule, zero } from './rule.ts';

/** Only positive cotangents pass, and only where the unit was on (Springenberg et al. 2015, fig. 1). */
const guidedRelu: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	if (dy === undefined) return [];
	const on = b.op('Greater', [x, b.scalarLike(0, x)]);
	const up = b.op('Greater', [dy, b.scalarLike(0, dy)]);
	return [keepWhere(b, b.op('And', [on, up]), dy)];
};

/** Guided backpropagation: the gradient with guided ReLUs. */
export const GUIDED: RuleTable = { ...GRADIENT, Relu: rule(guidedRelu) };

const bilinear = ATTN_LRP.MatMul;
const plain = GRADIENT.MatMul;

/** Attention by values: the attention is held fixed, the values take all. */
const mixing: Rule = (input) => {
	if (plain.kind !== 'rule' || bilinear.kind !== 'rule') return [];
	const left = input.node.inputs[0] ?? '';
	let source = input.producer(left);
	while (source && ['Reshape', 'Identity', 'Cast'].includes(source.op)) {
		source = input.producer(source.inputs[0] ?? '');
	}
	if (source?.op !== 'Softmax') return bilinear.rule(input);
	return plain.rule({ ...input, wants: (index) => index === 1 && input.wants(1) });
};

/**
 * CP-LRP (Ali et al. 2022, "XAI for Transformers"): as AttnLRP, but attention probabilities are held
 * fixed, so that nothing flows to queries and keys.
 */
export const DETACHED: RuleTable = {
	...ATTN_LRP,
	MatMul: rule(mixing),
	Softmax: zero('attention is held fixed in CP-LRP')
};
