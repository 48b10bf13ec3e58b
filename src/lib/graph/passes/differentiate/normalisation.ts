import { floatOf, intOf, intsOf } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import { add, div, mul, reduce, reshape, scale, shift, square, sub, sumTo } from '../emit.ts';
import type { Rule } from './rule.ts';
import { LOWERED, rule } from './rule.ts';

const inverseRoot = (b: GraphBuilder, variance: string, epsilon: number): string =>
	b.op('Reciprocal', [b.op('Sqrt', [shift(b, variance, epsilon)])]);

/**
 * x̂ = (x − μ)·r, r = 1/√(σ² + ε) over `axes`; for a cotangent g of x̂:
 * dx = r·(g − mean(g) − x̂·mean(g·x̂)). Without centring the middle term is absent.
 */
function normalised(
	b: GraphBuilder,
	x: string,
	axes: readonly number[],
	epsilon: number,
	centre: boolean
): { xhat: string; back: (g: string) => string } {
	const mean = (v: string): string => reduce(b, 'ReduceMean', v, axes);
	const centred = centre ? sub(b, x, mean(x)) : x;
	const r = inverseRoot(b, mean(square(b, centred)), epsilon);
	const xhat = mul(b, centred, r);
	const back = (g: string): string => {
		const along = mul(b, xhat, mean(mul(b, g, xhat)));
		const rest = sub(b, g, along);
		return mul(b, r, centre ? sub(b, rest, mean(g)) : rest);
	};
	return { xhat, back };
}

/** y = x̂·scale + bias over the axes from `axis` on (Ba et al. 2016; RMS: Zhang & Sennrich 2019). */
const layer =
	(centre: boolean): Rule =>
	({ b, node, dy: [dy], wants }) => {
		const [x = '', gain = '', bias] = node.inputs;
		if (dy === undefined) return [];
		const rank = b.rank(x);
		const axis = intOf(node, 'axis', -1);
		const first = axis < 0 ? axis + rank : axis;
		const axes = Array.from({ length: rank - first }, (_, i) => first + i);
		const { xhat, back } = normalised(b, x, axes, floatOf(node, 'epsilon', 1e-5), centre);
		return [
			wants(0) ? back(mul(b, dy, gain)) : undefined,
			wants(1) ? sumTo(b, mul(b, dy, xhat), b.dims(gain)) : undefined,
			bias && wants(2) ? sumTo(b, dy, b.dims(bias)) : undefined
		];
	};

/** A per-channel vector as [1, C, 1, …]. */
function perChannel(b: GraphBuilder, vector: string, rank: number): string {
	return reshape(
		b,
		vector,
		[1, -1, ...Array<number>(rank - 2).fill(1)].map((d) =>
			d === -1 ? (b.dims(vector)[0] ?? 1) : d
		)
	);
}

function channelSum(b: GraphBuilder, x: string): string {
	const axes = b.dims(x).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
	return reduce(b, 'ReduceSum', x, axes, false);
}

/** Each image and channel by its own mean and variance (Ulyanov et al. 2016). */
const instance: Rule = ({ b, node, dy: [dy], wants }) => {
	const [x = '', gain = ''] = node.inputs;
	if (dy === undefined) return [];
	const rank = b.rank(x);
	const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
	const { xhat, back } = normalised(b, x, axes, floatOf(node, 'epsilon', 1e-5), true);
	return [
		wants(0) ? back(mul(b, dy, perChannel(b, gain, rank))) : undefined,
		wants(1) ? channelSum(b, mul(b, dy, xhat)) : undefined,
		wants(2) ? channelSum(b, dy) : undefined
	];
};

/** Groups of channels by their own mean and variance (Wu & He 2018). */
const group: Rule = ({ b, node, dy: [dy], wants }) => {
	const [x = '', gain = ''] = node.inputs;
	if (dy === undefined) return [];
	const dims = b.dims(x);
	const groups = intOf(node, 'num_groups', 1);
	const size = dims.reduce((m, n) => m * n, 1);
	const shape = [dims[0] ?? 1, groups, size / ((dims[0] ?? 1) * groups)];
	const flat = reshape(b, x, shape);
	const { xhat, back } = normalised(b, flat, [2], floatOf(node, 'epsilon', 1e-5), true);
	const g = mul(b, dy, perChannel(b, gain, dims.length));
	return [
		wants(0) ? reshape(b, back(reshape(b, g, shape)), dims) : undefined,
		wants(1) ? channelSum(b, mul(b, dy, reshape(b, xhat, dims))) : undefined,
		wants(2) ? channelSum(b, dy) : undefined
	];
};

/** At inference y = (x − mean)·scale/√(var + ε) + bias: affine in x. */
const batch: Rule = ({ b, node, dy: [dy], wants }) => {
	const [x = '', gain = '', , mean = '', variance = ''] = node.inputs;
	if (dy === undefined) return [];
	if (intOf(node, 'training_mode', 0) === 1) throw new RangeError('training mode has no rule');
	const rank = b.rank(x);
	const r = inverseRoot(b, variance, floatOf(node, 'epsilon', 1e-5));
	const wide = (v: string): string => perChannel(b, v, rank);
	const dx = mul(b, dy, wide(mul(b, gain, r)));
	const centred = (): string => sub(b, x, wide(mean));
	const dGain = (): string => mul(b, channelSum(b, mul(b, dy, centred())), r);
	return [
		wants(0) ? dx : undefined,
		wants(1) ? dGain() : undefined,
		wants(2) ? channelSum(b, dy) : undefined,
		wants(3) ? b.op('Neg', [channelSum(b, dx)]) : undefined,
		wants(4) ? scale(b, mul(b, mul(b, dGain(), gain), square(b, r)), -0.5) : undefined
	];
};

/**
 * y = x·d^−β, d = k + α/n·Σ x² over neighbouring channels:
 * dx = dy·d^−β − 2αβ/n · x·Σ (dy·x·d^(−β−1)).
 */
const localResponse: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	if (dy === undefined) return [];
	const size = intOf(node, 'size', 1);
	const [alpha, beta] = [floatOf(node, 'alpha', 1e-4), floatOf(node, 'beta', 0.75)];
	const before = Math.floor((size - 1) / 2);
	const windowSum = (v: string, lead: number): string => {
		const dims = b.dims(v);
		const rest = dims.slice(2).reduce((m, n) => m * n, 1);
		const flat = reshape(b, v, [dims[0] ?? 1, 1, dims[1] ?? 1, rest]);
		const pads = [lead, 0, size - 1 - lead, 0];
		const attributes = { kernel_shape: [size, 1], pads, count_include_pad: 1 };
		return reshape(b, scale(b, b.op('AveragePool', [flat], attributes), size), dims);
	};
	const d = shift(
		b,
		scale(b, windowSum(square(b, x), before), alpha / size),
		floatOf(node, 'bias', 1)
	);
	const root = b.op('Pow', [d, b.scalarLike(-beta, d)]);
	const inner = div(b, mul(b, mul(b, dy, x), root), d);
	const side = mul(b, x, windowSum(inner, size - 1 - before));
	return [add(b, mul(b, dy, root), scale(b, side, (-2 * alpha * beta) / size))];
};

/** y = (x − μ)/σ over the given axes. */
const meanVariance: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	if (dy === undefined) return [];
	const axes = intsOf(node, 'axes') ?? [0, 2, 3];
	return [normalised(b, x, axes, 1e-9, true).back(dy)];
};

/** Normalisations, as used at inference. */
export const NORMALISATION_RULES = {
	LayerNormalization: rule(layer(true)),
	SimplifiedLayerNormalization: rule(layer(false)),
	RMSNormalization: rule(layer(false)),
	InstanceNormalization: rule(instance),
	GroupNormalization: rule(group),
	BatchNormalization: rule(batch),
	LRN: rule(localResponse),
	MeanVarianceNormalization: rule(meanVariance),
	'com.microsoft.SkipLayerNormalization': LOWERED,
	'com.microsoft.SkipSimplifiedLayerNormalization': LOWERED,
	'com.microsoft.GroupNorm': LOWERED,
	'com.microsoft.SkipGroupNorm': LOWERED
};
