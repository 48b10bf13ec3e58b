import { describe, expect, it } from 'vitest';
import { addSample, estimateRemaining, type ProgressSample } from './estimate.ts';

function steady(count: number, perStep: number, stepMs: number): readonly ProgressSample[] {
	let samples: readonly ProgressSample[] = [];
	for (let i = 0; i < count; i++)
		samples = addSample(samples, { at: i * stepMs, done: i * perStep });
	return samples;
}

describe('estimateRemaining', () => {
	it('extends a steady speed', () => {
		// 10 a 100 ms: 400 of 1000 done at 4 s, so 6 s remain.
		expect(estimateRemaining(steady(41, 10, 100), 1000)).toBeCloseTo(6000);
	});

	it('says nothing too early, without a total, or while the job stands', () => {
		expect(estimateRemaining(steady(3, 10, 100), 1000)).toBeUndefined();
		expect(estimateRemaining(steady(41, 10, 100), undefined)).toBeUndefined();
		expect(estimateRemaining(steady(41, 0, 100), 1000)).toBeUndefined();
		expect(estimateRemaining([], 1000)).toBeUndefined();
	});

	it('follows a change of speed within the window', () => {
		let samples = steady(101, 1, 100);
		for (let i = 1; i <= 90; i++)
			samples = addSample(samples, { at: 10_000 + i * 100, done: 100 + i * 10 });
		// Ten seconds at 10/s have left the window: only 100/s counts.
		expect(estimateRemaining(samples, 2000)).toBeCloseTo(10_000, -1);
	});

	it('is zero when everything is done and restarts when the job goes back', () => {
		expect(estimateRemaining(steady(41, 10, 100), 400)).toBe(0);
		expect(addSample(steady(5, 10, 100), { at: 900, done: 0 })).toEqual([{ at: 900, done: 0 }]);
	});
});
