import { describe, expect, it } from 'vitest';
import { StudioError } from '../../core/errors.ts';
import { DeviceWatch } from './device-watch.ts';

const LOST = new StudioError('device-lost', 'The GPU device was lost.', 'Wait.');

function fakeDevice() {
	let lose: (error: StudioError) => void = () => undefined;
	let exhaust: () => void = () => undefined;
	const lost = new Promise<StudioError>((resolve) => {
		lose = resolve;
	});
	const watch = new DeviceWatch({ lost, onOutOfMemory: (listener) => (exhaust = listener) });
	return { watch, lose: () => lose(LOST), exhaust: () => exhaust() };
}

const never = () => new Promise<never>(() => undefined);

describe('DeviceWatch', () => {
	it('passes results and errors through while the device is well', async () => {
		const { watch } = fakeDevice();
		expect(await watch.guard('a run', () => Promise.resolve(7))).toBe(7);
		const failure = new Error('shape');
		await expect(watch.guard('a run', () => Promise.reject(failure))).rejects.toBe(failure);
	});

	it('ends work that would never end, and refuses more', async () => {
		const { watch, lose } = fakeDevice();
		const hanging = watch.guard('a run', never);
		lose();
		await expect(hanging).rejects.toBe(LOST);
		await expect(watch.guard('a run', () => Promise.resolve(7))).rejects.toBe(LOST);
	});

	it('names the loss also when the error arrives before the news of it', async () => {
		const { watch, lose } = fakeDevice();
		const failing = watch.guard('a run', () => Promise.reject(new Error('mapAsync failed')));
		setTimeout(lose, 5);
		await expect(failing).rejects.toBe(LOST);
	});

	it('does not pass off the zeros of a failed allocation as a result', async () => {
		const { watch, exhaust } = fakeDevice();
		const work = watch.guard('A run of model.onnx', () => {
			exhaust();
			return Promise.resolve(0);
		});
		await expect(work).rejects.toMatchObject({
			code: 'out-of-memory',
			message: 'A run of model.onnx does not fit the memory that is left.'
		});
	});
});
