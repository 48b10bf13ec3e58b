/** A tint, from 0 (none) to 4 (strongest). */
export type Level = 0 | 1 | 2 | 3 | 4;

/** What token colours can show. */
export type TokenScale = 'probability' | 'entropy';

/** The steps of a scale: level 0 reaches to the first bound, and so on. */
interface Scale {
	/** What is measured, with its unit; the legend's title. */
	readonly title: string;
	readonly labels: readonly [string, string, string, string, string];
}

/** Lowest probability of each level but the last. */
const PROBABILITY_BOUNDS = [0.5, 0.2, 0.05, 0.01] as const;
/** Highest entropy, in nats, of each level but the last. */
const ENTROPY_BOUNDS = [0.5, 1.5, 2.5, 3.5] as const;

/** Titles and labels for legends. */
export const TOKEN_SCALES: Record<TokenScale, Scale> = {
	probability: {
		title: 'Probability of the token (%)',
		labels: ['50 or more', '20–50', '5–20', '1–5', 'below 1']
	},
	entropy: {
		title: 'Entropy of the choice (nats)',
		labels: ['below 0.5', '0.5–1.5', '1.5–2.5', '2.5–3.5', 'above 3.5']
	}
};

/**
 * The tint of a token by its probability: the rarer, the stronger.
 * @param logprob natural logarithm, before temperature and filters
 */
export function probabilityLevel(logprob: number): Level {
	const probability = Math.exp(logprob);
	return levelOf(PROBABILITY_BOUNDS.findIndex((bound) => probability >= bound));
}

/**
 * The tint of a token by how open the choice was.
 * @param entropy of the model's distribution at that position, in nats
 */
export function entropyLevel(entropy: number): Level {
	return levelOf(ENTROPY_BOUNDS.findIndex((bound) => entropy < bound));
}

function levelOf(index: number): Level {
	return (index < 0 ? 4 : index) as Level;
}
