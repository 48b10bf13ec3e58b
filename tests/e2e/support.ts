import { expect, type BrowserContext, type Page, type Worker } from '@playwright/test';

/** Where the servers of tests/e2e/server.ts listen. */
export const SITE = 'http://localhost:4391/';
/** The same build under a sub-path, on a host that sends no headers. */
export const PLAIN_SITE = 'http://localhost:4392/studio/vitrine/';

/** Writes a prompt, sets the number of tokens, and starts. */
export async function startWriting(page: Page, prompt: string, tokens: number): Promise<void> {
	// Disabled until the page's script runs: what is typed or opened before would be lost.
	await expect(page.getByRole('button', { name: 'Generate' })).toBeEnabled({ timeout: 30_000 });
	await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
	await setMaxTokens(page, tokens);
	await page.getByRole('button', { name: 'Generate' }).click();
}

/** Opens the advanced settings when they are folded and sets the most tokens to write. */
export async function setMaxTokens(page: Page, tokens: number): Promise<void> {
	const field = page.getByRole('spinbutton', { name: /most tokens|max(imum)? tokens/i });
	if (!(await field.isVisible()))
		await page
			.getByText(/advanced|sampling/i)
			.first()
			.click();
	await field.fill(String(tokens));
	await field.blur();
}

/** The text written so far. */
export function output(page: Page): ReturnType<Page['getByRole']> {
	return page.getByRole('region', { name: 'Output' });
}

/** How many tokens the output shows. */
export function writtenTokens(page: Page): Promise<number> {
	return output(page).locator('[data-index]').count();
}

/** Waits until a generation has ended, by the button that a new one needs. */
export async function untilWritten(page: Page, timeout = 60_000): Promise<void> {
	await expect(page.getByRole('button', { name: 'Stop' })).toBeHidden({ timeout });
	await expect(page.getByRole('button', { name: 'Generate' })).toBeEnabled({ timeout });
}

/** Resolves with the next engine worker of a page. */
export function engineWorker(page: Page): Promise<Worker> {
	const isEngine = (worker: Worker): boolean => /engine/.test(worker.url());
	const running = page.workers().find(isEngine);
	if (running) return Promise.resolve(running);
	return page.waitForEvent('worker', { predicate: isEngine });
}

/** Requests of a context whose path matches, in order. */
export function recordRequests(context: BrowserContext, pattern: RegExp): string[] {
	const seen: string[] = [];
	context.on('request', (request) => {
		if (pattern.test(request.url())) seen.push(request.url());
	});
	return seen;
}

/** Messages of the console that a page should not have; collect from the start. */
export function recordProblems(page: Page): string[] {
	const problems: string[] = [];
	page.on('pageerror', (error) => problems.push(error.message));
	page.on('console', (message) => {
		if (message.type() === 'error') problems.push(message.text());
	});
	return problems;
}
