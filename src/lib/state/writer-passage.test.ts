import { describe, expect, it } from 'vitest';
import {
	chooseAlternative,
	emptyPassage,
	extendPassage,
	passageText,
	passageTitle,
	sharedTokens,
	truncatePassage
} from './writer-passage.ts';
import { testPassage, testRun, testToken } from './writer-testing.ts';

describe('passage', () => {
	it('clips runs with the tokens they wrote', () => {
		const passage = extendPassage(testPassage(['a', 'b', 'c']), [testToken('d')], testRun(0, 0));
		expect(passage.runs.map(({ from, count }) => [from, count])).toEqual([
			[0, 3],
			[3, 1]
		]);
		const cut = truncatePassage(passage, 2);
		expect(passageText(cut)).toBe('ab');
		expect(cut.runs.map(({ from, count }) => [from, count])).toEqual([[0, 2]]);
	});

	it('puts an alternative in place of a token and drops what followed', () => {
		const passage = testPassage([' a', ' b', ' c']);
		const branch = chooseAlternative(passage, 1, { id: 7, text: ' x', logprob: -2 });
		expect(passageText(branch)).toBe(' a x');
		expect(branch.tokens[1]).toMatchObject({ by: 'choice', id: 7, logprob: -2 });
		expect(branch.runs).toHaveLength(1);
		expect(branch.runs[0]?.count).toBe(1);
		expect(sharedTokens(passage, branch)).toBe(1);
	});

	it('refuses a branch where nothing is known', () => {
		expect(() =>
			chooseAlternative(emptyPassage('x'), 0, { id: 1, text: 'a', logprob: -1 })
		).toThrow(/token 0 of 0/);
	});

	it('names a passage by its story, not by its header', () => {
		expect(passageTitle(testPassage([' upon', ' a\n time'], 'Words: dog\nOnce'))).toBe(
			'Once upon a time'
		);
		expect(passageTitle(emptyPassage(''))).toBe('Empty page');
		expect(passageTitle(emptyPassage('x'.repeat(100)), 10)).toBe(`${'x'.repeat(10)}…`);
	});
});
