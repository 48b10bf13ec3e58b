/** One forward pass of the decode loop, as a policy learns of it. */
export interface SpeculationStep {
	/** Guessed tokens that were fed along; 0 for an ordinary step. */
	readonly drafted: number;
	/** Guesses that turned out right. */
	readonly accepted: number;
	readonly milliseconds: number;
}

/**
 * Decides when guessing tokens pays. One policy object belongs to one session, whose speed it
 * learns. The text is the same whatever it decides; only the time differs.
 */
export interface SpeculationPolicy {
	/** How many tokens to guess at most for the coming step; 0 for none. */
	draftLength(): number;
	/** Learns from a finished step. */
	observe(step: SpeculationStep): void;
}

/** Never guesses. */
export const noSpeculation: SpeculationPolicy = { draftLength: () => 0, observe: () => undefined };

/** Always guesses the same number of tokens, whatever it costs. */
export function fixedSpeculation(length: number): SpeculationPolicy {
	return { draftLength: () => length, observe: () => undefined };
}

/** Share of the old value in the running means. */
const MEMORY = 0.7;
const SHORTEST = 2;
const LONGEST = 8;
/** Steps without guesses after one that did not pay; doubles every time in a row, up to the last. */
const FIRST_REST = 8;
const LONGEST_REST = 512;
/** Guessing must save at least this much, or the noise of the clock decides. */
const WORTH = 1.05;

/**
 * Guesses while it saves time: the running mean of (time of the same tokens one by one ÷ time of the
 * step that verified them) must stay above 1. When it does not, the policy rests, longer each time,
 * and then tries once more. The length of guesses follows how many were right.
 */
export function adaptiveSpeculation(): SpeculationPolicy {
	let single: number | undefined;
	let gain: number | undefined;
	let length = 4;
	let pause = FIRST_REST;
	let resting = 0;
	return {
		draftLength() {
			if (single === undefined) return 0;
			if (resting === 0) return length;
			resting -= 1;
			return 0;
		},
		observe({ drafted, accepted, milliseconds }) {
			if (drafted === 0) {
				single = mean(single, milliseconds);
				return;
			}
			const saved = ((accepted + 1) * (single ?? 0)) / Math.max(milliseconds, 1e-3);
			gain = mean(gain, saved);
			length =
				accepted === drafted ? Math.min(LONGEST, 2 * length) : Math.max(SHORTEST, accepted + 1);
			if (gain >= WORTH) {
				pause = FIRST_REST;
				return;
			}
			resting = pause;
			pause = Math.min(LONGEST_REST, 2 * pause);
			// The next try is judged by itself, not by what made the policy rest.
			gain = undefined;
		}
	};
}

function mean(old: number | undefined, value: number): number {
	return old === undefined ? value : MEMORY * old + (1 - MEMORY) * value;
}
