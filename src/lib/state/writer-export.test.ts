import { describe, expect, it } from 'vitest';
import { fileName, passageAsJson, passageAsText } from './writer-export.ts';
import { testPassage } from './writer-testing.ts';

describe('export', () => {
	const passage = testPassage([' upon', ' a', ' time'], 'Words: dog\nOnce');

	it('writes the story without its header', () => {
		expect(passageAsText(passage)).toBe('Once upon a time');
	});

	it('writes everything as JSON', () => {
		const json = JSON.parse(passageAsJson(passage)) as Record<string, unknown>;
		expect(json).toMatchObject({
			prompt: passage.prompt,
			text: ' upon a time',
			tokens: passage.tokens,
			runs: passage.runs
		});
	});

	it('names files after the first words, whatever they are', () => {
		expect(fileName(passage, 'txt')).toBe('once-upon-a-time.txt');
		expect(fileName(testPassage(['犬'], ''), 'json')).toBe('story.json');
	});
});
