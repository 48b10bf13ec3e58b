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
const MEMORY = 0.8;
const SHORTEST = 2;
const LONGEST = 8;
/** Steps without guesses after a row that did not pay; doubles every time, up to the last. */
const FIRST_REST = 8;
const LONGEST_REST = 512;
/** Guessing must save at least this much, or the noise of the clock decides. */
const WORTH = 1.05;
/** Savings taken for granted at first and after a rest: a few wrong guesses in a row use them up. */
const HOPE = 1.4;

/**
 * Guesses while it saves time: the time that the tokens gained would have taken one by one must
 * exceed the time of the steps that verified them, in running means. When it does not, the policy
 * rests, longer each time, and then tries again. The length of guesses follows how many were right.
 */
export function adaptiveSpeculation(): SpeculationPolicy {
	let single: number | undefined;
	let saved: number | undefined;
	let spent: number | undefined;
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
			if (drafted === 0 || single === undefined) {
				single = mean(single ?? milliseconds, milliseconds);
				return;
			}
			saved = mean(saved ?? HOPE * single, (accepted + 1) * single);
			spent = mean(spent ?? single, milliseconds);
			length =
				accepted === drafted ? Math.min(LONGEST, 2 * length) : Math.max(SHORTEST, accepted + 1);
			if (saved >= WORTH * spent) {
				if (accepted > 0) pause = FIRST_REST;
				return;
			}
			resting = pause;
			pause = Math.min(LONGEST_REST, 2 * pause);
			saved = undefined;
			spent = undefined;
		}
	};
}

function mean(old: number, value: number): number {
	return MEMORY * old + (1 - MEMORY) * value;
}
