import { chromium, expect, test } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { recordProblems, SITE, startWriting, untilWritten, writtenTokens } from './support.ts';

test('everything works offline after the first visit', async ({ page, context }) => {
	const problems = recordProblems(page);
	await page.goto('write/');
	await startWriting(page, 'Once upon a time', 8);
	await untilWritten(page);
	await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
	// The page hands the engine's files to the service worker once a model has loaded.
	await expect
		.poll(() =>
			page.evaluate(async () => {
				const keys = await (await caches.open('vitrine-engine')).keys();
				return keys.some(({ url }) => url.endsWith('.wasm'));
			})
		)
		.toBe(true);
	await context.setOffline(true);
	await page.reload();
	await startWriting(page, 'Once upon a time', 8);
	await untilWritten(page);
	expect(await writtenTokens(page)).toBeGreaterThan(0);
	for (const path of ['', 'models/', 'embedding/']) {
		await page.goto(path);
		await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
	}
	await context.setOffline(false);
	expect(problems.filter((text) => !/ERR_INTERNET_DISCONNECTED/.test(text))).toEqual([]);
});

test('can be installed', async () => {
	const { launchOptions } = test.info().project.use;
	const profile = await mkdtemp(path.join(os.tmpdir(), 'vitrine-profile-'));
	const context = await chromium.launchPersistentContext(profile, launchOptions);
	try {
		const page = await context.newPage();
		await page.goto(SITE);
		await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
		const session = await context.newCDPSession(page);
		const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
		expect(installabilityErrors).toEqual([]);
	} finally {
		await context.close();
		await rm(profile, { recursive: true, force: true });
	}
});
