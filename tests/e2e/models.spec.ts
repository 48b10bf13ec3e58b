import { expect, test } from '@playwright/test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { output, recordProblems, startWriting, untilWritten } from './support.ts';

const DECODER = fileURLToPath(new URL('../fixtures/decoders/gpt2-primitive', import.meta.url));
const WEIGHTS = /\/models\/storyteller\/onnx\//;

test('installs, verifies and deletes a variant', async ({ page }) => {
	const problems = recordProblems(page);
	await page.goto('models/');
	const row = page.getByRole('listitem', { name: 'Storyteller q4' });
	await expect(row).toContainText('Not on this machine');
	await row.getByRole('button', { name: 'Make available offline: Storyteller q4' }).click();
	await expect(row.getByText('Installed')).toBeVisible({ timeout: 60_000 });
	await row.getByRole('button', { name: 'Verify Storyteller q4' }).click();
	await expect(row).toContainText(/MB checked, every hash agrees/, { timeout: 60_000 });

	await row.getByRole('button', { name: 'Delete Storyteller q4' }).click();
	const dialog = page.getByRole('dialog', { name: 'Delete Storyteller q4?' });
	await expect(dialog).toContainText(/frees .* MB/);
	await page.keyboard.press('Escape');
	await expect(row.getByText('Installed')).toBeVisible();
	await row.getByRole('button', { name: 'Delete Storyteller q4' }).click();
	await dialog.getByRole('button', { name: 'Delete' }).click();
	await expect(row).toContainText('Not on this machine');
	expect(problems).toEqual([]);
});

test('shows storage and device, and why not the GPU', async ({ page }) => {
	await page.goto('models/');
	await expect(page.getByRole('region', { name: 'Storage' })).toContainText(/used,\s+\d.* left/);
	const device = page.getByRole('region', { name: 'Device' });
	await expect(device).toContainText('Processor (WebAssembly)');
	await expect(device).toContainText(/Threads\s*\d/);
	await expect(device).toContainText('So models run on the processor');
});

test('a download can be cancelled', async ({ page, context }) => {
	await context.route(WEIGHTS, () => new Promise(() => undefined));
	await page.goto('models/');
	const row = page.getByRole('listitem', { name: 'Storyteller q4' });
	await row.getByRole('button', { name: /available offline|Resume/ }).click();
	await row.getByRole('button', { name: 'Cancel' }).click();
	await expect(row.getByRole('progressbar')).toHaveCount(0);
	await expect(row.getByRole('button', { name: /offline|Resume/ })).toBeEnabled();
});

test('a folder from disk becomes a model that Write offers', async ({ page }) => {
	await page.goto('models/');
	await expect(page.getByText('Runs on')).toBeVisible();
	await page.locator('input[type=file]').setInputFiles(DECODER);
	const opener = page.getByRole('region', { name: 'Open a model from disk' });
	await expect(opener.getByRole('status')).toContainText('is kept on this machine', {
		timeout: 60_000
	});
	await expect(page.getByRole('article').filter({ hasText: 'from a folder on disk' })).toHaveCount(
		1
	);
	await opener.getByRole('link', { name: 'Open Write' }).click();
	const names = page.getByRole('region', { name: 'Model' }).getByRole('combobox', { name: 'Name' });
	await expect(names).toContainText('gpt2-primitive', { timeout: 60_000 });
	await names.selectOption({ label: 'gpt2-primitive' });
	await startWriting(page, 'a b c', 4);
	await untilWritten(page);
	await expect(output(page).locator('[data-index]')).toHaveCount(4);
	await expect(page.getByRole('group', { name: 'Status' })).toContainText('gpt2-primitive');
});

test('a folder that is no model says what is missing', async ({ page }) => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'vitrine-no-model-'));
	try {
		await writeFile(path.join(folder, 'notes.txt'), 'not a model');
		await page.goto('models/');
		await expect(page.getByText('Runs on')).toBeVisible();
		await page.locator('input[type=file]').setInputFiles(folder);
		const alert = page.getByRole('region', { name: 'Open a model from disk' }).getByRole('alert');
		await expect(alert).toContainText(/config\.json|onnx/, { timeout: 60_000 });
		await alert.getByRole('button', { name: 'Dismiss' }).click();
		await expect(alert).toHaveCount(0);
		await expect(page.getByRole('article', { name: 'Storyteller' })).toBeVisible();
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});
