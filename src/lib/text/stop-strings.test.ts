import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findStop, heldLength } from './stop-strings.ts';

/** Reads character by character and stops as soon as the text ends with a stop string. */
function readUntilStop(text: string, stops: readonly string[]): number | undefined {
	for (let end = 1; end <= text.length; end++) {
		const ending = stops.filter((stop) => stop !== '' && text.slice(0, end).endsWith(stop));
		if (ending.length > 0) return end - Math.max(...ending.map((stop) => stop.length));
	}
	return undefined;
}

const letters = (max: number) =>
	fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: max });

describe('findStop', () => {
	it('finds what a reader would meet first', () => {
		fc.assert(
			fc.property(letters(20), fc.array(letters(4), { maxLength: 3 }), (text, stops) => {
				expect(findStop(text, stops)?.start).toBe(readUntilStop(text, stops));
			}),
			{ seed: 6, numRuns: 1000 }
		);
	});
});

describe('heldLength', () => {
	it('holds exactly the longest end that may begin a stop string', () => {
		expect(heldLength('abc\n', ['\n\n'])).toBe(1);
		expect(heldLength('aab', ['abx', 'aabc'])).toBe(3);
		expect(heldLength('abc', ['x', ''])).toBe(0);
		expect(heldLength('ab', ['ab'])).toBe(0);
	});
});
