/** Length of the forward pass that begins at a position of a text. */
export type FeedingPlan = (position: number) => number;

/** Tokens of one pass over a prompt: fast on every device, and short enough to cancel between two. */
const SLICE = 64;

/** Passes of a session whose logits do not depend on them; any beginning may have been kept. */
export const anyPasses: FeedingPlan = () => SLICE;

/** As {@link SLICE}, where the results depend on it: fixed for ever, or texts would change. */
const BLOCK = 16;

/**
 * The forward passes that a text takes on a session whose logits depend on how many tokens are fed
 * together: the prompt but for its last token in blocks, all else one by one, as decoding does it.
 * So a text is computed the same way whether it is fresh, goes on behind a prefix, or is repeated
 * over what an earlier turn left in the cache.
 * @param promptLength tokens of begin token and prompt, without what was generated before
 */
export function fixedPasses(promptLength: number): FeedingPlan {
	const together = promptLength - 1;
	return (position) => (position < together ? Math.min(BLOCK, together - position) : 1);
}
