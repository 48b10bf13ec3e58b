import { describe, expect, it } from 'vitest';
import { forbidTokens } from './forbid-tokens.ts';
import { repetitionPenalty } from './repetition-penalty.ts';

const context = (ids: number[]) => ({ ids, promptLength: ids.length });

describe('repetitionPenalty', () => {
	it('divides positive and multiplies negative logits, once a token', () => {
		const logits = Float32Array.of(2, -2, 3, 0);
		repetitionPenalty(2)(logits, context([0, 1, 0, 3, 99]));
		expect([...logits]).toEqual([1, -4, 3, 0]);
	});
});

describe('forbidTokens', () => {
	it('leaves no mass on the given tokens', () => {
		const logits = Float32Array.of(2, 1);
		forbidTokens([0, 7])(logits, context([]));
		expect([...logits]).toEqual([-Infinity, 1]);
	});
});
