import { describe, expect, it } from 'vitest';
import { adaptiveSpeculation, fixedSpeculation, noSpeculation } from './speculation.ts';

/** Steps of a session on which guesses of any length cost `cost` steps and `right` are right. */
function shareOfGuesses(cost: number, right: (step: number) => number, steps = 400): number {
	const policy = adaptiveSpeculation();
	let guessed = 0;
	for (let step = 0; step < steps; step++) {
		const drafted = policy.draftLength();
		if (drafted > 0) guessed += 1;
		const accepted = Math.min(drafted, right(step));
		policy.observe({ drafted, accepted, milliseconds: drafted > 0 ? 10 * cost : 10 });
	}
	return guessed / steps;
}

describe('adaptiveSpeculation', () => {
	it('guesses nothing before it knows how long a step takes', () => {
		expect(adaptiveSpeculation().draftLength()).toBe(0);
	});

	it('goes on while guesses pay, also when some are wrong', () => {
		expect(shareOfGuesses(1.3, () => 2)).toBeGreaterThan(0.95);
		expect(shareOfGuesses(1.3, (step) => (step % 3 === 0 ? 0 : 3))).toBeGreaterThan(0.95);
	});

	it('all but stops when they do not', () => {
		expect(shareOfGuesses(1.3, () => 0)).toBeLessThan(0.1);
		expect(shareOfGuesses(6, () => 2)).toBeLessThan(0.05);
	});

	it('comes back when the text begins to repeat itself', () => {
		expect(shareOfGuesses(1.3, (step) => (step < 100 ? 0 : 4))).toBeGreaterThan(0.5);
	});

	it('guesses more at a time while all guesses are right', () => {
		const policy = adaptiveSpeculation();
		policy.observe({ drafted: 0, accepted: 0, milliseconds: 10 });
		const first = policy.draftLength();
		policy.observe({ drafted: first, accepted: first, milliseconds: 12 });
		expect(policy.draftLength()).toBe(2 * first);
		policy.observe({ drafted: 2 * first, accepted: 0, milliseconds: 12 });
		expect(policy.draftLength()).toBe(2);
	});
});

describe('simple policies', () => {
	it('never or always guess', () => {
		expect(noSpeculation.draftLength()).toBe(0);
		expect(fixedSpeculation(3).draftLength()).toBe(3);
	});
});
