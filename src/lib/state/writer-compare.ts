import type { TokenRecord } from '#lib/core/generation.ts';

/** What recomputing a recorded text showed. */
export type Verdict =
	| {
			readonly kind: 'reproduced';
			readonly tokens: number;
			/** Largest difference of a token's probability, in percentage points. */
			readonly largestDifference: number;
	  }
	| {
			readonly kind: 'differs';
			/** Index in the passage of the first other token. */
			readonly at: number;
			/** Text of the recorded token; undefined when the recording ends there. */
			readonly recorded: string | undefined;
			/** Text of the token drawn here; undefined when the text ended here. */
			readonly here: string | undefined;
	  };

/**
 * Compares a run with its recording: the same ids are a reproduction, whatever the probabilities'
 * last digits say (they differ between devices).
 * @param from index in the passage of the first token of both
 */
export function compareRun(
	recorded: readonly TokenRecord[],
	here: readonly TokenRecord[],
	from = 0
): Verdict {
	let largest = 0;
	for (let i = 0; i < Math.max(recorded.length, here.length); i++) {
		const [then, now] = [recorded[i], here[i]];
		if (!then || !now || then.id !== now.id) {
			return { kind: 'differs', at: from + i, recorded: then?.text, here: now?.text };
		}
		largest = Math.max(largest, Math.abs(Math.exp(then.logprob) - Math.exp(now.logprob)) * 100);
	}
	return { kind: 'reproduced', tokens: recorded.length, largestDifference: largest };
}

/** One verdict over the runs of a passage: the first difference, else everything reproduced. */
export function joinVerdicts(verdicts: readonly Verdict[]): Verdict {
	let [tokens, largestDifference] = [0, 0];
	for (const verdict of verdicts) {
		if (verdict.kind === 'differs') return verdict;
		tokens += verdict.tokens;
		largestDifference = Math.max(largestDifference, verdict.largestDifference);
	}
	return { kind: 'reproduced', tokens, largestDifference };
}

/** The verdict as a sentence for the person who ran it. */
export function verdictSentence(verdict: Verdict): string {
	if (verdict.kind === 'reproduced') {
		const { tokens, largestDifference } = verdict;
		const points = largestDifference < 0.005 ? 'less than 0.01' : largestDifference.toFixed(2);
		return `Reproduced: all ${tokens} tokens came out the same; probabilities differ by ${points} percentage points at most.`;
	}
	const show = (text: string | undefined): string =>
		text === undefined ? 'the end of the text' : `“${text.replaceAll('\n', '⏎')}”`;
	return `Differs from token ${verdict.at + 1} on: recorded was ${show(verdict.recorded)}, here came ${show(verdict.here)}. Another device or variant rounds differently.`;
}
