import { describe, expect, it } from 'vitest';
import { random } from './random.ts';

describe('random', () => {
	it('repeats a stream for the same seed and differs for another', () => {
		const draw = (seed: number) => Array.from({ length: 5 }, random(seed).next);
		expect(draw(7)).toEqual(draw(7));
		expect(draw(7)).not.toEqual(draw(8));
	});

	it('is uniform and normal to three standard errors', () => {
		const source = random(1);
		const n = 20_000;
		const mean = Array.from({ length: n }, source.next).reduce((a, b) => a + b, 0) / n;
		expect(Math.abs(mean - 0.5)).toBeLessThan(3 / Math.sqrt(12 * n));
		const normals = Array.from({ length: n }, source.normal);
		const variance = normals.reduce((a, b) => a + b * b, 0) / n;
		expect(Math.abs(variance - 1)).toBeLessThan(3 * Math.sqrt(2 / n));
	});
});
