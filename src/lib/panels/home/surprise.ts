/** How a token is tinted, from 0 (the model all but expected it) to 4 (a rare choice). */
export type Surprise = 0 | 1 | 2 | 3 | 4;

/** Lowest probability of each level but the last. */
export const SURPRISE_BOUNDS = [0.5, 0.2, 0.05, 0.01] as const;

/** What the levels mean, for the legend. */
export const SURPRISE_LABELS: Readonly<Record<Surprise, string>> = {
	0: '50 % or more',
	1: '20 to 50 %',
	2: '5 to 20 %',
	3: '1 to 5 %',
	4: 'below 1 %'
};

/**
 * The tint of a token.
 * @param logprob natural logarithm of the model's probability, before temperature and filters
 */
export function surpriseOf(logprob: number): Surprise {
	const probability = Math.exp(logprob);
	const level = SURPRISE_BOUNDS.findIndex((bound) => probability >= bound);
	return (level < 0 ? 4 : level) as Surprise;
}
