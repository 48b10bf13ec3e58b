import { intOf } from '../attributes.ts';
import type { Dim } from '../graph.ts';
import type { InferInput, InferRule } from './fact.ts';
import { at, normaliseAxis } from './fact.ts';
import { same } from './elementwise.ts';

/** Shape of the statistics of a normalisation over the axes from `axis` on. */
function statistics({ node, inputs }: InferInput): readonly Dim[] | undefined {
	const dims = at(inputs, 0).dims;
	if (!dims) return undefined;
	const axis = normaliseAxis(intOf(node, 'axis', -1), dims.length, node);
	return dims.map((dim, i) => (i < axis ? dim : 1));
}

const layer: InferRule = (input) => {
	const { type, dims } = at(input.inputs, 0);
	const stats = { type: 'float32', dims: statistics(input) } as const;
	return [{ type, dims }, stats, stats];
};

/** Skip…LayerNormalization: output, mean, inverse deviation, and the sum input + skip (+ bias). */
const skipLayer: InferRule = (input) => {
	const { type, dims } = at(input.inputs, 0);
	const stats = { type: 'float32', dims: statistics(input) } as const;
	return [{ type, dims }, stats, stats, { type, dims }];
};

/** Shapes of normalisations. */
export const NORMALISATION: Readonly<Record<string, InferRule>> = {
	BatchNormalization: same,
	InstanceNormalization: same,
	GroupNormalization: same,
	LayerNormalization: layer,
	RMSNormalization: layer,
	SimplifiedLayerNormalization: layer,
	'com.microsoft.SimplifiedLayerNormalization': layer,
	'com.microsoft.LayerNormalization': layer,
	'com.microsoft.SkipLayerNormalization': skipLayer,
	'com.microsoft.SkipSimplifiedLayerNormalization': skipLayer,
	'com.microsoft.GroupNorm': same,
	'com.microsoft.SkipGroupNorm': same
};
