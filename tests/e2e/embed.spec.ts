import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';

const HOST = 'http://127.0.0.1:4393/';
const STRANGER = 'http://127.0.0.1:4394/';

test('a page of another site has the writer write, stop, and say what is wrong', async ({
	page
}) => {
	await page.goto(HOST);
	const log = page.getByLabel('Log');
	await expect(log).toContainText('ready 1', { timeout: 30_000 });

	await page.getByRole('button', { name: 'Ask', exact: true }).click();
	await expect(log).toContainText('result 6 length wasm', { timeout: 60_000 });
	expect((await log.innerText()).match(/^token$/gm)).toHaveLength(6);
	await expect(log).toContainText('event result 6');
	const frame = page.frameLocator('#writer');
	await expect(frame.getByRole('textbox', { name: 'Prompt' })).toHaveValue('Once upon a time');

	await page.getByRole('button', { name: 'Ask for much' }).click();
	await expect
		.poll(async () => (await log.innerText()).match(/^token$/gm)?.length, { timeout: 30_000 })
		.toBeGreaterThan(8);
	await page.getByRole('button', { name: 'Halt' }).click();
	await expect(log).toContainText(/result \d+ aborted wasm/, { timeout: 15_000 });

	await page.getByRole('button', { name: 'Ask wrongly' }).click();
	await expect(log).toContainText('error bad-input "maxTokens" must be a whole number');
});

test('a person writes inside the frame, and the host hears it', async ({ page }) => {
	await page.goto(HOST);
	await expect(page.getByLabel('Log')).toContainText('ready 1', { timeout: 30_000 });
	const frame = page.frameLocator('#writer');
	await expect(frame.getByRole('navigation')).toHaveCount(0);
	await frame.getByRole('button', { name: 'Generate' }).click();
	await expect(page.getByLabel('Log')).toContainText('token', { timeout: 60_000 });
	await frame.getByRole('button', { name: 'Stop' }).click();
	await expect(page.getByLabel('Log')).toContainText('event result');
});

test('a site that is not on the list cannot frame the writer', async ({ page }) => {
	const refused = page.waitForEvent('console', {
		predicate: (message) => /frame-ancestors/.test(message.text())
	});
	await page.goto(STRANGER);
	await refused;
	await expect(page.getByLabel('Log')).not.toContainText('ready');
});

test('the guide shows the code and runs it', async ({ page }) => {
	await page.goto('embedding/');
	await expect(page.getByLabel('Code to embed the writer')).toContainText(
		'http://localhost:4391/embed/'
	);
	await expect(page.getByText('Connected', { exact: true })).toBeVisible({ timeout: 30_000 });
	await page.getByRole('button', { name: 'Generate from outside' }).click();
	await expect(page.getByLabel('Messages from the frame')).toContainText('result: 40 tokens', {
		timeout: 60_000
	});
	const { violations } = await new AxeBuilder({ page }).analyze();
	expect(violations).toEqual([]);
});
