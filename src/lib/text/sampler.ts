import type { SamplingSettings } from '#lib/core/generation.ts';
import { maximum } from './distribution.ts';
import { selectTop } from './select-top.ts';

/** Tokens that may be drawn and their weights relative to the most likely one (whose weight is 1). */
interface Candidates {
	readonly ids: Int32Array;
	readonly weights: Float64Array;
	/** Sum of the weights. */
	readonly total: number;
}

/**
 * Chooses the next token: greedy at temperature 0 (of equal logits the lower id), else by inverse
 * transform of `uniform` over what temperature, top-k, top-p and min-p leave, in that order.
 * The repetition penalty is a logits processor and has been applied before.
 * @param logits `[vocab]`, processed; minus infinity forbids a token
 * @param uniform the position's draw, in [0, 1)
 * @returns token id
 * @throws StudioError `bad-model` when no logit is finite
 */
export function sample(logits: Float32Array, settings: SamplingSettings, uniform: number): number {
	const max = maximum(logits);
	if (settings.temperature === 0) return logits.indexOf(max);
	const kept = keepLikely(keepNucleus(keepTopK(logits, max, settings), settings), settings);
	return draw(kept, uniform);
}

/** Temperature and top-k. Tokens that min-p alone will drop are left out before their weight. */
function keepTopK(logits: Float32Array, max: number, settings: SamplingSettings): Candidates {
	const { temperature, topK, topP, minP } = settings;
	const weigh = (id: number): number => Math.exp(((logits[id] ?? -Infinity) - max) / temperature);
	if (topK > 0 && topK < logits.length) return weighted(selectTop(logits, topK), weigh);
	// A nucleus is a share of the whole mass, small weights included. The slack of a hundredth is
	// wider than any rounding; min-p itself decides by the weights.
	const lowest = topP < 1 ? -Infinity : max + temperature * (Math.log(minP) - 0.01);
	return weighted(atLeast(logits, lowest), weigh);
}

/** Buckets of weights in [0, 1] by the upper half of their float32 bits, which order as they do. */
const BUCKETS = (0x3f800000 >>> 16) + 1;

/**
 * Top-p: the smallest set, most likely first, whose mass reaches p (Holtzman et al. 2020, §3.1); of
 * equal weights the lower id first. Only the bucket that holds the border is sorted.
 */
function keepNucleus(candidates: Candidates, settings: SamplingSettings): Candidates {
	if (settings.topP >= 1) return candidates;
	const { weights, total } = candidates;
	const bits = new Uint32Array(new Float32Array(weights).buffer);
	const masses = new Float64Array(BUCKETS);
	for (let i = 0; i < weights.length; i++) {
		const bucket = (bits[i] ?? 0) >>> 16;
		masses[bucket] = (masses[bucket] ?? 0) + (weights[i] ?? 0);
	}
	const goal = settings.topP * total;
	let mass = 0;
	let border = BUCKETS - 1;
	while (border > 0 && mass + (masses[border] ?? 0) < goal) mass += masses[border--] ?? 0;
	const chosen = new Uint8Array(bits.length);
	const atBorder: number[] = [];
	for (let i = 0; i < bits.length; i++) {
		const bucket = (bits[i] ?? 0) >>> 16;
		if (bucket > border) chosen[i] = 1;
		else if (bucket === border) atBorder.push(i);
	}
	atBorder.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
	for (const i of atBorder) {
		if (mass >= goal) break;
		chosen[i] = 1;
		mass += weights[i] ?? 0;
	}
	return keep(candidates, (i) => chosen[i] === 1);
}

/** Min-p: tokens at least a fraction as likely as the best (Nguyen et al. 2024, §3). */
function keepLikely(candidates: Candidates, settings: SamplingSettings): Candidates {
	if (settings.minP <= 0) return candidates;
	return keep(candidates, (i) => (candidates.weights[i] ?? 0) >= settings.minP);
}

function keep({ ids, weights }: Candidates, wanted: (index: number) => boolean): Candidates {
	const keptIds = new Int32Array(ids.length);
	const keptWeights = new Float64Array(ids.length);
	let count = 0;
	let total = 0;
	for (let i = 0; i < ids.length; i++) {
		if (!wanted(i)) continue;
		keptIds[count] = ids[i] ?? 0;
		total += keptWeights[count++] = weights[i] ?? 0;
	}
	return { ids: keptIds.subarray(0, count), weights: keptWeights.subarray(0, count), total };
}

/** Ids whose logit is no less than `lowest`, in order. */
function atLeast(logits: Float32Array, lowest: number): Int32Array {
	const ids = new Int32Array(logits.length);
	let count = 0;
	for (let id = 0; id < logits.length; id++) {
		if ((logits[id] ?? -Infinity) >= lowest) ids[count++] = id;
	}
	return ids.subarray(0, count);
}

function weighted(ids: Int32Array, weigh: (id: number) => number): Candidates {
	const weights = new Float64Array(ids.length);
	let total = 0;
	for (let i = 0; i < ids.length; i++) total += weights[i] = weigh(ids[i] ?? 0);
	return { ids, weights, total };
}

function draw({ ids, weights, total }: Candidates, uniform: number): number {
	let rest = uniform * total;
	let last = 0;
	for (let i = 0; i < ids.length; i++) {
		const weight = weights[i] ?? 0;
		if (weight === 0) continue;
		last = ids[i] ?? 0;
		rest -= weight;
		if (rest < 0) return last;
	}
	// Rounding can leave a crumb of mass behind the last token.
	return last;
}
