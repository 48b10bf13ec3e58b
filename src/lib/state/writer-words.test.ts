import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	headerWords,
	MOST_WORDS,
	STORY_WORDS,
	toggleWord,
	withoutHeader,
	withWords
} from './writer-words.ts';

describe('story words', () => {
	it('reads a header, and only at the start', () => {
		expect(headerWords('Words: dog, boat, brave\nOnce')).toEqual(['dog', 'boat', 'brave']);
		expect(headerWords('Once\nWords: dog\n')).toEqual([]);
		expect(headerWords('Words:')).toEqual([]);
	});

	it('adds the header, then takes it away with its last word', () => {
		const one = toggleWord('Once upon', 'dog');
		expect(one).toBe('Words: dog\nOnce upon');
		expect(toggleWord(one, 'boat')).toBe('Words: dog, boat\nOnce upon');
		expect(toggleWord(one, 'dog')).toBe('Once upon');
	});

	it('pushes the oldest word out when there are too many', () => {
		const full = withWords('x', ['a', 'b', 'c', 'd']);
		expect(headerWords(toggleWord(full, 'e'))).toEqual(['b', 'c', 'd', 'e']);
	});

	it('never touches the story', () => {
		fc.assert(
			fc.property(
				fc.string().filter((text) => !text.startsWith('Words:')),
				fc.array(fc.constantFrom(...STORY_WORDS)),
				(story, words) => {
					const prompt = words.reduce(toggleWord, story);
					expect(withoutHeader(prompt)).toBe(story);
					expect(headerWords(prompt).length).toBeLessThanOrEqual(MOST_WORDS);
				}
			)
		);
	});
});
