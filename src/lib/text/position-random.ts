import { random } from '#lib/core/random.ts';

/**
 * The uniform draw of one position: a function of seed and position and nothing else. So a text that
 * is branched, continued, drawn several tokens at a time or resumed after a lost device meets the
 * same draws (counter-based generation: Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3").
 * @param seed any finite number; its integer part modulo 2³² counts
 * @param position index of the drawn token in the whole sequence, the prompt included
 * @returns a number in [0, 1)
 */
export function positionRandom(seed: number, position: number): number {
	return random(mix(mix(seed >>> 0) + Math.imul(position + 1, 0x9e3779b9))).next();
}

/** Finaliser of MurmurHash3 (Appleby 2011): every input bit reaches every output bit. */
function mix(value: number): number {
	let hash = value | 0;
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return (hash ^ (hash >>> 16)) >>> 0;
}
