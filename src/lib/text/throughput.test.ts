import { describe, expect, it } from 'vitest';
import { throughputMeter } from './throughput.ts';

function measure(started: number, stamps: readonly number[]) {
	const meter = throughputMeter(started);
	for (const stamp of stamps) meter.token(stamp);
	return meter.result;
}

describe('throughputMeter', () => {
	it('leaves the first token out of the speed', () => {
		expect(measure(100, [600, 650, 700])).toEqual({ timeToFirstTokenMs: 500, tokensPerSecond: 20 });
	});

	it('has no speed for fewer than two tokens, or no time between', () => {
		expect(measure(100, [])).toEqual({ timeToFirstTokenMs: 0, tokensPerSecond: 0 });
		expect(measure(100, [130])).toEqual({ timeToFirstTokenMs: 30, tokensPerSecond: 0 });
		expect(measure(100, [130, 130]).tokensPerSecond).toBe(0);
	});
});
