import { describe, expect, it } from 'vitest';
import { promptLookup } from './prompt-lookup.ts';

describe('promptLookup', () => {
	it('guesses what followed the last place like this one', () => {
		expect(promptLookup([1, 2, 3, 9, 1, 2, 4, 8, 1, 2], 2)).toEqual([4, 8]);
	});

	it('prefers the longer match', () => {
		expect(promptLookup([7, 1, 2, 3, 5, 1, 2, 4, 7, 1, 2], 1)).toEqual([3]);
	});

	it('goes round in a text that repeats itself', () => {
		expect(promptLookup([5, 1, 2, 1, 2], 5)).toEqual([1, 2, 1, 2, 1]);
		expect(promptLookup([4, 4, 4], 3)).toEqual([4, 4, 4]);
	});

	it('guesses nothing where nothing repeats, or when none is asked for', () => {
		expect(promptLookup([1, 2, 3, 1], 4)).toEqual([]);
		expect(promptLookup([1, 2, 1, 2], 0)).toEqual([]);
		expect(promptLookup([], 4)).toEqual([]);
	});
});
