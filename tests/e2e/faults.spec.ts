import { chromium, expect, test, type Page } from '@playwright/test';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { recordRequests, SITE, startWriting, untilWritten, writtenTokens } from './support.ts';

const WEIGHTS = /\/models\/storyteller\/onnx\/.*\.onnx/;

/** Breaks one stored chunk of a model, as a failing disk would. */
function damageOneChunk(page: Page): Promise<void> {
	return page.evaluate(async () => {
		const [info] = await indexedDB.databases();
		const open = indexedDB.open(info?.name ?? '');
		const database = await new Promise<IDBDatabase>((resolve) => {
			open.onsuccess = () => resolve(open.result);
		});
		const transaction = database.transaction('chunks', 'readwrite');
		const cursor = transaction.objectStore('chunks').openCursor();
		await new Promise<void>((resolve) => {
			cursor.onsuccess = () => {
				const at = cursor.result;
				if (!at) return resolve();
				const value: Blob | Uint8Array = at.value;
				const size = value instanceof Blob ? value.size : value.byteLength;
				if (size < 200_000) return at.continue();
				const zeros = new Uint8Array(size);
				at.update(value instanceof Blob ? new Blob([zeros]) : zeros);
				resolve();
			};
		});
		await new Promise<void>((resolve) => (transaction.oncomplete = () => resolve()));
		database.close();
	});
}

test('finds a damaged chunk and fetches it again', async ({ page }) => {
	await page.goto('write/');
	await startWriting(page, 'Once', 3);
	await untilWritten(page);
	await damageOneChunk(page);
	await page.goto('models/');
	await page
		.getByRole('button', { name: /^Verify/ })
		.first()
		.click();
	await expect(page.getByText(/repaired|fetched again/i)).toBeVisible({ timeout: 30_000 });
	await page.goto('write/');
	await startWriting(page, 'Once', 3);
	await untilWritten(page);
	expect(await writtenTokens(page)).toBeGreaterThan(0);
});

test('says that the network is gone in mid-download, keeps what came, and goes on', async ({
	page,
	context
}) => {
	await context.route(WEIGHTS, (route) => route.abort('connectionreset'));
	await page.goto('write/');
	await startWriting(page, 'Once upon a time', 3);
	await expect(page.getByRole('alert').first()).toContainText(/network|connection|download/i, {
		timeout: 60_000
	});
	await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('Once upon a time');
	await context.unroute(WEIGHTS);
	await page.getByRole('button', { name: 'Generate' }).click();
	await untilWritten(page);
	expect(await writtenTokens(page)).toBeGreaterThan(0);
});

test('a tab killed while it downloads leaves nothing half-written that loads', async ({
	context
}) => {
	let release = (): void => undefined;
	const held = new Promise<void>((resolve) => (release = resolve));
	await context.route(WEIGHTS, async (route) => {
		await held;
		await route.abort().catch(() => undefined);
	});
	const first = await context.newPage();
	await first.goto(`${SITE}write/`);
	const asked = context.waitForEvent('request', (request) => WEIGHTS.test(request.url()));
	await startWriting(first, 'Once', 3);
	await asked;
	await first.close();
	release();
	await context.unroute(WEIGHTS);
	const second = await context.newPage();
	await second.goto(`${SITE}models/`);
	await expect(second.getByText('Not on this machine').first()).toBeVisible();
	await expect(second.getByText('Installed')).toHaveCount(0);
	await second.goto(`${SITE}write/`);
	await startWriting(second, 'Once', 3);
	await untilWritten(second);
	expect(await writtenTokens(second)).toBeGreaterThan(0);
});

test('two tabs at once download once', async ({ context }) => {
	const requests = recordRequests(context, WEIGHTS);
	const pages = await Promise.all([context.newPage(), context.newPage()]);
	for (const page of pages) await page.goto(`${SITE}write/`);
	await Promise.all(pages.map((page) => startWriting(page, 'Once', 3)));
	for (const page of pages) await untilWritten(page);
	expect(requests).toHaveLength(new Set(requests).size);
	expect(requests.length).toBeGreaterThan(0);
});

test('says what is missing when the storage is full', async ({ page, context }) => {
	const session = await context.newCDPSession(page);
	await page.goto('write/');
	await session.send('Storage.overrideQuotaForOrigin', {
		origin: new URL(SITE).origin,
		quotaSize: 1_000_000
	});
	await startWriting(page, 'Once', 3);
	await expect(page.getByRole('alert').first()).toContainText(/space|storage/i, {
		timeout: 30_000
	});
	await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('Once');
	await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(SITE).origin });
	await page.getByRole('button', { name: 'Generate' }).click();
	await untilWritten(page);
});

test('writes without any storage, and says that nothing is kept', async () => {
	const profile = await mkdtemp(path.join(os.tmpdir(), 'vitrine-nostore-'));
	await mkdir(path.join(profile, 'Default'));
	// The setting "block all site data": IndexedDB, caches and service workers then refuse.
	const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
	await writeFile(path.join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
	const context = await chromium.launchPersistentContext(
		profile,
		test.info().project.use.launchOptions
	);
	try {
		const page = await context.newPage();
		await page.goto(`${SITE}write/`);
		const stored = await page.evaluate(
			() =>
				new Promise((resolve) => {
					try {
						const request = indexedDB.open('probe');
						request.onsuccess = () => resolve(true);
						request.onerror = () => resolve(false);
					} catch {
						resolve(false);
					}
				})
		);
		expect(stored).toBe(false);
		await startWriting(page, 'Once', 3);
		await untilWritten(page);
		expect(await writtenTokens(page)).toBeGreaterThan(0);
		await page.goto(`${SITE}models/`);
		await expect(page.getByText('held in memory').first()).toBeVisible();
	} finally {
		await context.close();
		await rm(profile, { recursive: true, force: true });
	}
});
