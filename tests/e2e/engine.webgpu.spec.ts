import { expect, test, type Page, type Worker } from '@playwright/test';
import path from 'node:path';
import { engineWorker, output, startWriting, untilWritten, writtenTokens } from './support.ts';

/**
 * WebGPU in software takes about a second a token with the storyteller, so a tiny decoder of the same
 * form (fused attention, cache in place) writes here, opened from disk. A silent fallback cannot
 * pass: every token must submit work to the GPU, and no more than a row of logits may come back.
 */
const MODEL = path.join(import.meta.dirname, '../fixtures/decoders/llama-packed');

interface GpuLog {
	submits: number;
	readBytes: number;
	devices: GPUDevice[];
}

/** Opens the tiny decoder on the Models page and chooses it on the Write page. */
async function openTinyModel(page: Page): Promise<void> {
	await page.goto('models/');
	const opener = page.getByRole('region', { name: 'Open a model from disk' });
	await opener.locator('input[type=file]').setInputFiles(MODEL);
	await expect(page.getByRole('article').filter({ hasText: 'from a folder on disk' })).toHaveCount(
		1,
		{ timeout: 60_000 }
	);
	await page.goto('write/');
	const region = page.getByRole('region', { name: 'Model' });
	const names = region.getByRole('combobox', { name: 'Name' });
	await expect(names).toContainText('llama-packed', { timeout: 60_000 });
	await names.selectOption({ label: 'llama-packed' });
	await region.getByRole('combobox', { name: 'Variant' }).selectOption({ value: 'fp32' });
}

/** Counts what the engine asks of the GPU. */
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
	await openTinyModel(page);
	const worker = await engineWorker(page);
	await watchGpu(worker);
	await startWriting(page, 'a b c', 2);
	await untilWritten(page, 180_000);
	await expect(page.getByRole('group', { name: 'Status' })).not.toContainText('WebAssembly');

	const before = await gpuLog(worker);
	await startWriting(page, 'a b c', 6);
	await untilWritten(page, 180_000);
	const after = await gpuLog(worker);
	expect(await writtenTokens(page)).toBe(6);
	expect(after.submits - before.submits).toBeGreaterThanOrEqual(6);
	// A row of this model's logits is under 2 KiB; its cache of 256 positions is 64 KiB and more.
	expect((after.readBytes - before.readBytes) / 6).toBeLessThanOrEqual(4096);
});

test('goes on with WebAssembly when the device is lost in the middle of a text', async ({
	page
}) => {
	await openTinyModel(page);
	const worker = await engineWorker(page);
	await watchGpu(worker);
	await startWriting(page, 'a b c', 24);
	await expect.poll(() => writtenTokens(page), { timeout: 180_000 }).toBeGreaterThan(2);
	await worker.evaluate(() =>
		(self as unknown as { gpuLog: GpuLog }).gpuLog.devices.forEach((device) => device.destroy())
	);
	const before = await output(page).innerText();
	await untilWritten(page, 180_000);
	await expect(page.getByText(/going on with the processor/i)).toBeVisible();
	await expect(page.getByRole('group', { name: 'Status' })).toContainText('WebAssembly');
	expect(await writtenTokens(page)).toBe(24);
	expect((await output(page).innerText()).startsWith(before.trimEnd().slice(0, -4))).toBe(true);
});
