import { describe, expect, it } from 'vitest';
import { SerialQueue } from './serial-queue.ts';

describe('SerialQueue', () => {
	it('starts a job only when the one before has ended, also when that failed', async () => {
		const queue = new SerialQueue();
		const log: string[] = [];
		const job = (name: string, fails = false) =>
			queue.add(async () => {
				log.push(`${name} starts`);
				await new Promise((resolve) => setTimeout(resolve, 1));
				log.push(`${name} ends`);
				if (fails) throw new Error(name);
				return name;
			});
		const results = await Promise.allSettled([job('a'), job('b', true), job('c')]);
		expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
		expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
	});
});
