import { expect, test, type Worker } from '@playwright/test';
import { engineWorker, output, startWriting, untilWritten, writtenTokens } from './support.ts';

/**
 * WebGPU in software: about a second a token, so texts are short. A silent fallback cannot pass:
 * every token must submit work to the GPU, and what is read back is a row of logits, not a cache.
 */

interface GpuLog {
	submits: number;
	readBytes: number;
	devices: GPUDevice[];
}

/** Counts what the engine asks of the GPU; call it before the engine opens its device. */
async function watchGpu(worker: Worker): Promise<void> {
	await worker.evaluate(() => {
		const log: GpuLog = { submits: 0, readBytes: 0, devices: [] };
		Object.assign(self, { gpuLog: log });
		const { submit } = GPUQueue.prototype;
		GPUQueue.prototype.submit = function (buffers) {
			log.submits++;
			return submit.call(this, buffers);
		};
		const { mapAsync } = GPUBuffer.prototype;
		GPUBuffer.prototype.mapAsync = function (mode, offset, size) {
			log.readBytes += size ?? this.size;
			return mapAsync.call(this, mode, offset, size);
		};
		const { requestDevice } = GPUAdapter.prototype;
		GPUAdapter.prototype.requestDevice = async function (descriptor) {
			const device = await requestDevice.call(this, descriptor);
			log.devices.push(device);
			return device;
		};
	});
}

const gpuLog = (worker: Worker): Promise<{ submits: number; readBytes: number }> =>
	worker.evaluate(() => {
		const { submits, readBytes } = (self as unknown as { gpuLog: GpuLog }).gpuLog;
		return { submits, readBytes };
	});

test('writes on the GPU, with the cache staying there', async ({ page }) => {
	const workerPromise = engineWorker(page);
	await page.goto('write/');
	const prompt = page.getByRole('textbox', { name: 'Prompt' });
	await expect(prompt).toBeVisible();
	await prompt.fill('The cat sat');
	await startWriting(page, 'The cat sat', 2);
	const worker = await workerPromise;
	await watchGpu(worker);
	await untilWritten(page, 180_000);
	await expect(page.getByText(/webgpu/i).first()).toBeVisible();

	const before = await gpuLog(worker);
	await startWriting(page, 'The cat sat', 6);
	await untilWritten(page, 120_000);
	const after = await gpuLog(worker);
	const tokens = 6;
	expect(after.submits - before.submits).toBeGreaterThanOrEqual(tokens - 1);
	// Logits of one row are 4 bytes a word; a cache of 8 layers at this length would be ten times that.
	const perToken = (after.readBytes - before.readBytes) / tokens;
	expect(perToken).toBeLessThanOrEqual(4 * 4096 * 1.5);
	expect(await writtenTokens(page)).toBeGreaterThan(0);
});

test('goes on with WebAssembly when the device is lost in the middle of a text', async ({
	page
}) => {
	const workerPromise = engineWorker(page);
	await page.goto('write/');
	await startWriting(page, 'The dog ran', 24);
	const worker = await workerPromise;
	await watchGpu(worker);
	await expect.poll(() => writtenTokens(page), { timeout: 180_000 }).toBeGreaterThan(2);
	const before = await output(page).innerText();
	await worker.evaluate(() =>
		(self as unknown as { gpuLog: GpuLog }).gpuLog.devices.forEach((device) => device.destroy())
	);
	await untilWritten(page, 120_000);
	await expect(page.getByText(/going on with the processor/i)).toBeVisible();
	const after = await output(page).innerText();
	expect(after.length).toBeGreaterThan(before.length);
	expect(after).toContain(before.trim());
	expect(await writtenTokens(page)).toBe(24);
});
