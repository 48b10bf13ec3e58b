import { describe, expect, it } from 'vitest';
import type { TokenRecord } from '#lib/core/generation.ts';
import { compareRun, joinVerdicts, verdictSentence } from './writer-compare.ts';

const record = (id: number, logprob = -1): TokenRecord => ({
	id,
	text: `t${id}`,
	logprob,
	entropy: 1,
	alternatives: []
});

describe('compareRun', () => {
	it('reproduces when the ids agree, and measures the probabilities', () => {
		const verdict = compareRun([record(1), record(2)], [record(1), record(2, -1.01)]);
		expect(verdict).toMatchObject({ kind: 'reproduced', tokens: 2 });
		expect(verdict.kind === 'reproduced' && verdict.largestDifference).toBeCloseTo(0.366, 3);
		expect(verdictSentence(verdict)).toMatch(/all 2 tokens .* 0\.37 percentage points/);
	});

	it('names the first difference by its place in the passage', () => {
		const verdict = compareRun([record(1), record(2)], [record(1), record(3)], 10);
		expect(verdict).toEqual({ kind: 'differs', at: 11, recorded: 't2', here: 't3' });
		expect(verdictSentence(verdict)).toMatch(/token 12 .*“t2”.*“t3”/);
	});

	it('counts a text that is too short or too long as different', () => {
		expect(compareRun([record(1)], [])).toMatchObject({ at: 0, here: undefined });
		expect(compareRun([], [record(1)])).toMatchObject({ at: 0, recorded: undefined });
	});

	it('joins runs: the first difference, else the sum', () => {
		const same = compareRun([record(1)], [record(1)]);
		expect(joinVerdicts([same, same])).toMatchObject({ kind: 'reproduced', tokens: 2 });
		const other = compareRun([record(1)], [record(2)], 5);
		expect(joinVerdicts([same, other, compareRun([record(1)], [], 9)])).toBe(other);
	});
});
