import { describe, expect, it } from 'vitest';
import { EXAMPLES, FIRST_PROMPT, promptNotes, wellFormedPrompt } from './writer-prompt.ts';

describe('prompt', () => {
	it('has nothing to say about ordinary text', () => {
		for (const { prompt } of [...EXAMPLES, { prompt: FIRST_PROMPT }]) {
			expect(promptNotes(prompt)).toEqual([]);
		}
		expect(promptNotes('Tabs\tand\r\nlines, naïve 犬 🐕')).toEqual([]);
		expect(EXAMPLES).toHaveLength(6);
	});

	it('tells about empty, control and broken characters', () => {
		expect(promptNotes('')[0]).toMatch(/empty/);
		expect(promptNotes('a\0b\x1b')[0]).toMatch(/2 control characters/);
		expect(promptNotes('a\x85')[0]).toMatch(/1 control character;/);
		expect(promptNotes('a\ud800b')[0]).toMatch(/lone surrogate/);
	});

	it('mends what has no UTF-8', () => {
		expect(wellFormedPrompt('a\ud800b')).toBe('a\ufffdb');
	});
});
