import { describe, expect, it } from 'vitest';
import { distributionOf } from './distribution.ts';

describe('distributionOf', () => {
	it('matches the definition', () => {
		const logits = Float32Array.of(1, -2, 0.5, 3);
		const { logSum, entropy, max } = distributionOf(logits);
		const sum = [...logits].reduce((total, x) => total + Math.exp(x), 0);
		expect(max).toBe(3);
		expect(logSum).toBeCloseTo(Math.log(sum), 12);
		const p = [...logits].map((x) => Math.exp(x) / sum);
		expect(entropy).toBeCloseTo(-p.reduce((total, q) => total + q * Math.log(q), 0), 12);
	});

	it('holds for large logits, forbidden tokens and many entries', () => {
		expect(distributionOf(Float32Array.of(1e4, 1e4, -Infinity)).entropy).toBeCloseTo(Math.LN2, 10);
		const flat = distributionOf(new Float32Array(260_000).fill(-7));
		expect(flat.entropy).toBeCloseTo(Math.log(260_000), 9);
		expect(distributionOf(Float32Array.of(5)).entropy).toBe(0);
	});

	it.each([
		[Float32Array.of(0, NaN, 1), /NaN/],
		[Float32Array.of(-Infinity, -Infinity), /-Infinity/],
		[Float32Array.of(0, Infinity), /Infinity/]
	])('refuses logits that are no distribution: %s', (logits, message) => {
		expect(() => distributionOf(logits)).toThrowError(
			expect.objectContaining({
				code: 'bad-model',
				message: expect.stringMatching(message) as string
			})
		);
	});
});
