import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SamplingSettings } from '#lib/core/generation.ts';
import { positionRandom } from './position-random.ts';
import { sample } from './sampler.ts';

const PLAIN: SamplingSettings = {
	temperature: 1,
	repetitionPenalty: 1,
	topK: 0,
	topP: 1,
	minP: 0,
	seed: 0
};

/** The distribution after all filters, by sorting everything: the definition, slowly. */
function reference(logits: readonly number[], settings: SamplingSettings): Map<number, number> {
	let kept = logits
		.map((logit, id) => ({ id, weight: Math.exp(logit / settings.temperature) }))
		.sort((a, b) => b.weight - a.weight || a.id - b.id);
	if (settings.topK > 0) kept = kept.slice(0, settings.topK);
	const mass = kept.reduce((sum, { weight }) => sum + weight, 0);
	let reached = 0;
	if (settings.topP < 1) {
		kept = kept.filter(({ weight }) => {
			const before = reached;
			reached += weight;
			return before === 0 || before < settings.topP * mass;
		});
	}
	const best = kept[0]?.weight ?? 1;
	kept = kept.filter(({ weight }) => weight >= settings.minP * best);
	const total = kept.reduce((sum, { weight }) => sum + weight, 0);
	return new Map(kept.map(({ id, weight }) => [id, weight / total]));
}

const GRID = 250;

/** Shares with which `sample` chooses each token over an even grid of draws. */
function shares(logits: readonly number[], settings: SamplingSettings, grid = GRID) {
	const counts = new Map<number, number>();
	const row = Float32Array.from(logits);
	for (let i = 0; i < grid; i++) {
		const id = sample(row, settings, (i + 0.5) / grid);
		counts.set(id, (counts.get(id) ?? 0) + 1 / grid);
	}
	return counts;
}

describe('sample', () => {
	it('is greedy at temperature 0, the lower id of equals', () => {
		expect(sample(Float32Array.of(1, 3, 3, 2), { ...PLAIN, temperature: 0 }, 0.99)).toBe(1);
	});

	it('draws each token as often as the filters say', () => {
		const settings = fc.record({
			temperature: fc.constantFrom(0.3, 0.8, 1, 2.5),
			topK: fc.constantFrom(0, 1, 3, 8, 50),
			topP: fc.constantFrom(1, 0.9, 0.5, 0.05),
			minP: fc.constantFrom(0, 0.05, 0.3, 1)
		});
		// A grid of sixteenths keeps clear of differences in the last bit between the two ways.
		const logits = fc.array(
			fc.integer({ min: -48, max: 48 }).map((n) => n / 16),
			{
				minLength: 1,
				maxLength: 20
			}
		);
		fc.assert(
			fc.property(logits, settings, (row, filters) => {
				const expected = reference(row, { ...PLAIN, ...filters });
				const got = shares(row, { ...PLAIN, ...filters });
				const furthest = [...expected].map(([id, share]) => Math.abs((got.get(id) ?? 0) - share));
				expect(Math.max(...furthest)).toBeLessThan(1.5 / GRID);
				expect([...got.keys()].filter((id) => !expected.has(id))).toEqual([]);
			}),
			{ seed: 5, numRuns: 50 }
		);
	});

	it('takes the lower ids of a flat nucleus', () => {
		const flat = new Float32Array(5000);
		const settings = { ...PLAIN, topP: 0.9 };
		expect(sample(flat, settings, 0)).toBe(0);
		expect(sample(flat, settings, 0.999999)).toBe(4499);
	});

	it('never draws a forbidden token', () => {
		const row = Float32Array.of(-Infinity, 0, -Infinity);
		for (const uniform of [0, 0.5, 1 - 2 ** -32]) expect(sample(row, PLAIN, uniform)).toBe(1);
	});

	it('stays exact at very low temperatures', () => {
		expect(sample(Float32Array.of(1e4, 1e4 - 1), { ...PLAIN, temperature: 1e-6 }, 0.999)).toBe(0);
	});
});

describe('positionRandom', () => {
	it('is a function of seed and position', () => {
		expect(positionRandom(3, 10)).toBe(positionRandom(3, 10));
		expect(positionRandom(3, 10)).not.toBe(positionRandom(3, 11));
		expect(positionRandom(3, 10)).not.toBe(positionRandom(4, 10));
	});

	it('is uniform over positions and over seeds, without correlation of neighbours', () => {
		const n = 20_000;
		for (const at of [(i: number) => positionRandom(7, i), (i: number) => positionRandom(i, 7)]) {
			const draws = Array.from({ length: n }, (_, i) => at(i) - 0.5);
			const mean = draws.reduce((sum, x) => sum + x, 0) / n;
			expect(Math.abs(mean)).toBeLessThan(3 / Math.sqrt(12 * n));
			const lag = draws.slice(1).reduce((sum, x, i) => sum + x * (draws[i] ?? 0), 0) / n;
			expect(Math.abs(lag) * 12).toBeLessThan(3 / Math.sqrt(n));
		}
	});
});
