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

/** First guess of how many tokens a nucleus holds; it grows eightfold until it is enough. */
const NUCLEUS_GUESS = 256;

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

/** Temperature and top-k. A nucleus needs the tokens in order too, so it grows here as needed. */
function keepTopK(logits: Float32Array, max: number, settings: SamplingSettings): Candidates {
	const { temperature, topK, topP } = settings;
	const weigh = (id: number): number => Math.exp(((logits[id] ?? -Infinity) - max) / temperature);
	if (topK > 0 && topK < logits.length) return weighted(selectTop(logits, topK), weigh);
	const all = weighted(range(logits.length), weigh);
	if (topP >= 1) return all;
	for (let size = NUCLEUS_GUESS; size < logits.length; size *= 8) {
		const top = weighted(selectTop(logits, size), weigh);
		if (top.total >= topP * all.total) return { ...top, total: all.total };
	}
	return { ...weighted(selectTop(logits, logits.length), weigh), total: all.total };
}

/** Top-p: the smallest set, most likely first, whose mass reaches p (Holtzman et al. 2020, §3.1). */
function keepNucleus(candidates: Candidates, settings: SamplingSettings): Candidates {
	if (settings.topP >= 1) return candidates;
	const { ids, weights, total } = candidates;
	const goal = settings.topP * total;
	let mass = 0;
	let size = 0;
	while (size < ids.length && (size === 0 || mass < goal)) mass += weights[size++] ?? 0;
	return { ids: ids.subarray(0, size), weights: weights.subarray(0, size), total: mass };
}

/** Min-p: tokens at least a fraction as likely as the best (Nguyen et al. 2024, §3). */
function keepLikely(candidates: Candidates, settings: SamplingSettings): Candidates {
	if (settings.minP <= 0) return candidates;
	const { ids, weights } = candidates;
	const kept = ids.filter((_, i) => (weights[i] ?? 0) >= settings.minP);
	const masses = weights.filter((weight) => weight >= settings.minP);
	return { ids: kept, weights: masses, total: masses.reduce((sum, weight) => sum + weight, 0) };
}

function range(length: number): Int32Array {
	const indices = new Int32Array(length);
	for (let i = 0; i < length; i++) indices[i] = i;
	return indices;
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
