/** Longest and shortest run of tokens that must have occurred before. */
const LONGEST_MATCH = 4;
const SHORTEST_MATCH = 2;

/**
 * Guesses the next tokens from the text itself: the last few tokens are looked up where they last
 * stood before, and what followed there is the guess (prompt look-up decoding, Saxena 2023). No
 * second model is needed; it pays where a text repeats itself or quotes its prompt.
 * @param ids tokens so far
 * @param most how many tokens to guess at most
 * @returns up to `most` token ids; none when the last two tokens are new together
 */
export function promptLookup(ids: readonly number[], most: number): number[] {
	if (most <= 0) return [];
	for (let length = LONGEST_MATCH; length >= SHORTEST_MATCH; length--) {
		const start = lastOccurrence(ids, length);
		if (start >= 0) return following(ids, start + length, most);
	}
	return [];
}

/** Tokens from `from` on; a run that reaches the end goes round, as a text that repeats itself does. */
function following(ids: readonly number[], from: number, most: number): number[] {
	const period = ids.length - from;
	return Array.from({ length: most }, (_, i) => ids[from + (i % period)] ?? 0);
}

/** Where the last `length` tokens begin when they stood before, at the latest such place; else -1. */
function lastOccurrence(ids: readonly number[], length: number): number {
	const tail = ids.length - length;
	for (let start = tail - 1; start >= 0; start--) {
		let same = 0;
		while (same < length && ids[start + same] === ids[tail + same]) same++;
		if (same === length) return start;
	}
	return -1;
}
