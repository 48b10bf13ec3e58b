import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitEdit } from './writer-edit.ts';
import { testToken } from './writer-testing.ts';

const tokens = [' the', ' do', 'g', ' ran', '.'].map((text) => testToken(text));

describe('splitEdit', () => {
	it('keeps everything when nothing changed', () => {
		expect(splitEdit(tokens, ' the dog ran.')).toEqual({ kept: 5, rest: '' });
	});

	it('tokenises a touched word as a whole', () => {
		expect(splitEdit(tokens, ' the dot ran.')).toEqual({ kept: 1, rest: ' dot ran.' });
		expect(splitEdit(tokens, ' the dogs')).toEqual({ kept: 1, rest: ' dogs' });
	});

	it('keeps all when a person writes on behind a whole word', () => {
		expect(splitEdit(tokens, ' the dog ran. And')).toEqual({ kept: 5, rest: ' And' });
	});

	it('cuts without tokenising when the text ends at a token', () => {
		expect(splitEdit(tokens, ' the dog')).toEqual({ kept: 3, rest: '' });
	});

	it('never loses or invents a character', () => {
		fc.assert(
			fc.property(fc.array(fc.string({ minLength: 1 })), fc.string(), (texts, edited) => {
				const list = texts.map((text) => testToken(text));
				const { kept, rest } = splitEdit(list, edited);
				const head = texts.slice(0, kept).join('');
				expect(head + rest).toBe(edited);
			})
		);
	});
});
