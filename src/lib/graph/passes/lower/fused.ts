import { floatOf, floatsOf, intOf, stringOf } from '../../attributes.ts';
import { float } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import type { Node } from '../../graph.ts';
import { add, mul, reshape, scale, slice } from '../emit.ts';
import type { Lowering } from './lowering.ts';
import { optional } from './lowering.ts';

/** Input + skip (+ bias), then a normalisation; the sum is the fourth output. */
const skipLayer: Lowering = ({ b, node }) => {
	const [x = '', skip = '', gain = ''] = node.inputs;
	const simplified = node.op === 'SkipSimplifiedLayerNormalization';
	const [beta, bias] = simplified
		? [undefined, optional(node, 3)]
		: [optional(node, 3), optional(node, 4)];
	let sum = add(b, x, skip);
	if (bias) sum = add(b, sum, bias);
	const attributes = { axis: -1, epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
	const inputs = [sum, gain, ...(beta ? [beta] : [])];
	const op = simplified ? 'SimplifiedLayerNormalization' : 'LayerNormalization';
	return [b.op(op, inputs, attributes), undefined, undefined, sum];
};

function activation(
	b: GraphBuilder,
	x: string,
	name: string,
	parameters: readonly number[]
): string {
	const [first, second] = parameters;
	switch (name) {
		case '':
			return x;
		case 'Relu':
		case 'Sigmoid':
		case 'Tanh':
			return b.op(name, [x]);
		case 'LeakyRelu':
			return b.op('LeakyRelu', [x], { alpha: float(first ?? 0.01) });
		case 'Clip':
			return b.op('Clip', [x, b.scalarLike(first ?? 0, x), b.scalarLike(second ?? 6, x)]);
		case 'HardSigmoid':
			return b.op('HardSigmoid', [x], { alpha: float(first ?? 0.2), beta: float(second ?? 0.5) });
		default:
			throw new RangeError(`FusedConv activation "${name}" is not known`);
	}
}

const convolution = (node: Node): Node['attributes'] =>
	Object.fromEntries(
		Object.entries(node.attributes).filter(([name]) => !name.startsWith('activation'))
	);

/** Convolution, an optional sum Z, an activation. */
const fusedConv: Lowering = ({ b, node }) => {
	const sum = optional(node, 3);
	const inputs = node.inputs.slice(0, 3).filter((name) => name !== '');
	const y = b.op('Conv', inputs, convolution(node));
	const total = sum ? add(b, y, sum) : y;
	const parameters = floatsOf(node, 'activation_params') ?? [];
	return [activation(b, total, stringOf(node, 'activation', ''), parameters)];
};

/** Gelu(x + bias), the error-function form. */
const biasGelu: Lowering = ({ b, node }) => {
	const [x = '', bias = ''] = node.inputs;
	return [b.op('Gelu', [add(b, x, bias)])];
};

const gelu: Lowering = ({ b, node }) => [b.op('Gelu', [node.inputs[0] ?? ''])];

const fastGelu: Lowering = ({ b, node }) => {
	const bias = optional(node, 1);
	const x = node.inputs[0] ?? '';
	return [b.op('Gelu', [bias ? add(b, x, bias) : x], { approximate: 'tanh' })];
};

/** x·sigmoid(αx). */
const quickGelu: Lowering = ({ b, node }) => {
	const x = node.inputs[0] ?? '';
	return [mul(b, x, b.op('Sigmoid', [scale(b, x, floatOf(node, 'alpha', 1.702))]))];
};

/** A normalisation of com.microsoft GroupNorm's channels-last image, with SiLU when activation is 1. */
const groupNorm: Lowering = ({ b, node }) => {
	const skipping = node.op === 'SkipGroupNorm';
	const [image = '', gain = '', beta = ''] = node.inputs;
	let x = image;
	if (skipping) {
		const [skip, bias] = [optional(node, 3), optional(node, 4)];
		if (skip) x = add(b, x, b.rank(skip) === 2 ? rows(b, skip) : skip);
		if (bias) x = add(b, x, bias);
	}
	const last = intOf(node, 'channels_last', 1) === 1;
	const first = last ? b.op('Transpose', [x], { perm: [0, 3, 1, 2] }) : x;
	const y = b.op('GroupNormalization', [first, gain, beta], {
		num_groups: intOf(node, 'groups', 1),
		epsilon: float(floatOf(node, 'epsilon', 1e-5))
	});
	const back = last ? b.op('Transpose', [y], { perm: [0, 2, 3, 1] }) : y;
	const silu = intOf(node, 'activation', 0) === 1;
	return [silu ? mul(b, back, b.op('Sigmoid', [back])) : back, x];
};

function rows(b: GraphBuilder, x: string): string {
	const [batch = 1, channels = 1] = b.dims(x);
	return reshape(b, x, [batch, 1, 1, channels]);
}

/** Sum of word, position and segment embeddings, normalised. */
const embedLayer: Lowering = ({ b, node }) => {
	const [ids = '', segments, words = '', positions = '', segmentTable, gain = '', beta = ''] =
		node.inputs;
	const tokens = b.dims(ids)[1] ?? 1;
	const given = optional(node, 8);
	const place = given ? b.op('Gather', [positions, given]) : slice(b, positions, 0, 0, tokens);
	let sum = add(b, b.op('Gather', [words, ids]), place);
	if (segments && segmentTable) sum = add(b, sum, b.op('Gather', [segmentTable, segments]));
	const epsilon = float(floatOf(node, 'epsilon', 1e-12));
	const y = b.op('LayerNormalization', [sum, gain, beta], { axis: -1, epsilon });
	if (node.outputs[1] && optional(node, 7))
		throw new RangeError('its mask index has no standard form');
	return [y, undefined, sum];
};

/** Normalisations and activations that exporters fuse. */
export const FUSED_LOWERINGS: Readonly<Record<string, Lowering>> = {
	'com.microsoft.SkipLayerNormalization': skipLayer,
	'com.microsoft.SkipSimplifiedLayerNormalization': skipLayer,
	'com.microsoft.EmbedLayerNormalization': embedLayer,
	'com.microsoft.FusedConv': fusedConv,
	'com.microsoft.BiasGelu': biasGelu,
	'com.microsoft.Gelu': gelu,
	'com.microsoft.FastGelu': fastGelu,
	'com.microsoft.QuickGelu': quickGelu,
	'com.microsoft.GroupNorm': groupNorm,
	'com.microsoft.SkipGroupNorm': groupNorm
};
