import { describe, expect, it } from 'vitest';
import { ChunkSizer } from './chunk-sizer.ts';

/** Prefills `tokens` on a device that takes `perToken` ms each. @returns the longest run, in ms */
function longestRun(perToken: number, tokens: number): { longest: number; runs: number } {
	const sizer = new ChunkSizer();
	let longest = 0;
	let runs = 0;
	for (let done = 0; done < tokens; runs++) {
		const count = sizer.take(tokens - done);
		expect(count).toBeGreaterThan(0);
		sizer.learn(count, count * perToken);
		// The first run is the probe.
		if (runs > 0) longest = Math.max(longest, count * perToken);
		done += count;
	}
	return { longest, runs };
}

describe('ChunkSizer', () => {
	it.each([0.05, 0.7, 3, 20, 90])('keeps runs under 200 ms at %f ms a token', (perToken) => {
		expect(longestRun(perToken, 400).longest).toBeLessThan(200);
	});

	it('takes few runs on a fast device', () => {
		expect(longestRun(0.05, 1000).runs).toBeLessThan(6);
	});

	it('never takes less than a token nor more than are left', () => {
		const sizer = new ChunkSizer();
		sizer.learn(16, 1e6);
		expect(sizer.take(100)).toBe(1);
		expect(sizer.take(1)).toBe(1);
	});

	it('does not learn from the short last run', () => {
		const sizer = new ChunkSizer();
		sizer.learn(16, 10);
		const before = sizer.take(1000);
		sizer.learn(2, 500);
		expect(sizer.take(1000)).toBe(before);
	});
});
