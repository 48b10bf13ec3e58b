import { describe, expect, it } from 'vitest';
import { surpriseOf } from './surprise.ts';

describe('surpriseOf', () => {
	it.each([
		[1, 0],
		[0.5, 0],
		[0.49, 1],
		[0.2, 1],
		[0.1, 2],
		[0.02, 3],
		[0.009, 4],
		[0, 4]
	])('a probability of %d has level %d', (probability, level) => {
		expect(surpriseOf(Math.log(probability) + (probability ? 1e-12 : 0))).toBe(level);
	});
});
