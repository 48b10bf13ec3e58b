import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectTop } from './select-top.ts';

describe('selectTop', () => {
	it('equals the head of a full sort, ties to the lower index', () => {
		const values = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 40 });
		fc.assert(
			fc.property(values, fc.nat({ max: 45 }), (numbers, k) => {
				const sorted = numbers
					.map((value, index) => ({ value, index }))
					.sort((a, b) => b.value - a.value || a.index - b.index)
					.map(({ index }) => index);
				expect([...selectTop(Float32Array.from(numbers), k)]).toEqual(sorted.slice(0, k));
			}),
			{ seed: 4, numRuns: 500 }
		);
	});

	it('ranks minus infinity last', () => {
		expect([...selectTop(Float32Array.of(-Infinity, 1, -Infinity), 2)]).toEqual([1, 0]);
	});
});
