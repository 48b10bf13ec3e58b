/** Where a stop string was found. */
export interface StopMatch {
	/** Index of its first character. */
	readonly start: number;
	readonly stop: string;
}

/**
 * The stop string that a reader of the text, character by character, would meet first: the one that
 * ends first; of two with the same end the longer. So the result does not depend on how the text was
 * cut into tokens.
 */
export function findStop(text: string, stops: readonly string[]): StopMatch | undefined {
	let best: (StopMatch & { end: number }) | undefined;
	for (const stop of stops) {
		const start = stop === '' ? -1 : text.indexOf(stop);
		if (start < 0) continue;
		const end = start + stop.length;
		if (!best || end < best.end || (end === best.end && start < best.start)) {
			best = { start, stop, end };
		}
	}
	return best && { start: best.start, stop: best.stop };
}

/** How many characters at the end of a text may be the beginning of a stop string. */
export function heldLength(text: string, stops: readonly string[]): number {
	let held = 0;
	for (const stop of stops) {
		const most = Math.min(stop.length - 1, text.length);
		for (let length = most; length > held; length--) {
			if (text.endsWith(stop.slice(0, length))) held = length;
		}
	}
	return held;
}
