import AxeBuilder from '@axe-core/playwright';
import { readFile } from 'node:fs/promises';
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import { output, PLAIN_SITE, recordProblems, startWriting, untilWritten } from './support.ts';

/** One context for all tests here: the model is installed once, every test has a page of its own. */
const test = base.extend<{ page: Page }, { shared: BrowserContext }>({
	shared: [
		async ({ browser }, use, { project }) => {
			const context = await browser.newContext({
				baseURL: project.use.baseURL,
				viewport: { width: 1280, height: 900 },
				permissions: ['clipboard-read', 'clipboard-write']
			});
			await use(context);
			await context.close();
		},
		{ scope: 'worker' }
	],
	page: async ({ shared }, use) => {
		const page = await shared.newPage();
		await use(page);
		await page.close();
	}
});

const tokens = (page: Page) => output(page).locator('[data-index]');
const card = (page: Page) => page.getByRole('group', { name: 'Token' });

/** Opens the page and waits until its script runs: what is folded before that folds back. */
async function visit(page: Page, url = 'write/'): Promise<void> {
	await page.goto(url);
	await expect(page.getByRole('button', { name: 'Generate' })).toBeEnabled();
}

async function write(page: Page, prompt = 'Once upon a time', count = 12): Promise<string> {
	await visit(page);
	await startWriting(page, prompt, count);
	await expect(tokens(page).first()).toBeAttached({ timeout: 60_000 });
	await untilWritten(page);
	return output(page).innerText();
}

async function chooseSeed(page: Page, seed: number): Promise<void> {
	await page.getByRole('spinbutton', { name: 'Seed' }).fill(String(seed));
}

test('streams a story from the prefilled prompt and says how fast, on what', async ({ page }) => {
	const problems = recordProblems(page);
	await visit(page);
	await expect(page).toHaveTitle('Write · Vitrine');
	await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue(/^Words: .+\n.+/);
	await page.keyboard.press('Control+Enter');
	await expect(tokens(page).nth(20)).toBeAttached({ timeout: 60_000 });
	await page.keyboard.press('Escape');
	await untilWritten(page);
	const status = page.getByRole('group', { name: 'Status' });
	await expect(status).toContainText(/\d tokens\/s/);
	await expect(status).toContainText(/first after \d/);
	await expect(status).toContainText(/earlier tokens reused/);
	await expect(status).toContainText('Stopped.');
	await expect(status).toContainText('Storyteller');
	expect(problems).toEqual([]);
});

test('gives the same text for the same seed and another for another take', async ({ page }) => {
	await visit(page);
	await startWriting(page, 'The little dog', 16);
	await chooseSeed(page, 77);
	await untilWritten(page);
	await page.getByRole('button', { name: 'Generate' }).click();
	await untilWritten(page);
	const first = await output(page).innerText();
	await page.getByRole('button', { name: 'Generate' }).click();
	await untilWritten(page);
	expect(await output(page).innerText()).toBe(first);
	await page.getByRole('button', { name: 'Another take' }).click();
	await untilWritten(page);
	expect(await output(page).innerText()).not.toBe(first);
	await expect(page.getByRole('spinbutton', { name: 'Seed' })).toHaveValue('78');
	await page.getByRole('button', { name: 'Undo' }).click();
	expect(await output(page).innerText()).toBe(first);
});

test('shows every token by hover and by keyboard, and takes another branch', async ({ page }) => {
	const before = await write(page);
	await tokens(page).nth(2).hover();
	await expect(card(page)).toContainText('token 3');
	await expect(card(page)).toContainText(/rank \d|below rank/);
	await page.mouse.move(5, 5);
	await expect(card(page)).toBeHidden();

	await tokens(page).first().focus();
	await page.keyboard.press('ArrowRight');
	await page.keyboard.press('ArrowRight');
	await expect(tokens(page).nth(2)).toBeFocused();
	await expect(card(page)).toContainText('token 3');
	await page.keyboard.press('End');
	await expect(tokens(page).nth(11)).toBeFocused();
	await page.keyboard.press('Escape');
	await expect(card(page)).toBeHidden();

	await tokens(page).nth(2).focus();
	await page.keyboard.press('Enter');
	const branch = card(page)
		.getByRole('button', { name: /Take this branch/ })
		.first();
	await expect(branch).toBeFocused();
	await page.keyboard.press('Enter');
	await untilWritten(page);
	await expect(tokens(page)).toHaveCount(15);
	const prefix = await tokens(page).nth(0).innerText();
	const after = await output(page).innerText();
	expect(after).not.toBe(before);
	expect(after.startsWith(prefix)).toBe(true);
	await page.getByRole('button', { name: 'Undo' }).click();
	expect(await output(page).innerText()).toBe(before);
	await page.getByRole('button', { name: 'Redo' }).click();
	expect(await output(page).innerText()).toBe(after);
});

test('continues behind the text and reuses its cache', async ({ page }) => {
	const before = await write(page);
	await page.getByRole('button', { name: 'Continue' }).click();
	await untilWritten(page);
	await expect(tokens(page)).toHaveCount(24);
	expect((await output(page).innerText()).startsWith(before)).toBe(true);
	await expect(page.getByRole('group', { name: 'Status' })).not.toContainText(' 0 of ');
});

test('goes on from an edit, and keeps the version before', async ({ page }) => {
	const before = await write(page);
	await page.getByRole('button', { name: 'Edit' }).click();
	const box = page.getByRole('textbox', { name: 'Text' });
	await box.fill(' a green dog who sang. She');
	await page.getByRole('button', { name: 'Go on from the end' }).click();
	await expect(tokens(page).nth(14)).toBeAttached();
	await untilWritten(page);
	expect(await output(page).innerText()).toContain('a green dog who sang. She');
	const versions = page.getByRole('region', { name: 'Versions' });
	await versions.getByRole('button', { name: /New text/ }).click();
	expect(await output(page).innerText()).toBe(before);
});

test('shares a link that opens before any model and is reproduced', async ({ page, browser }) => {
	const before = await write(page);
	await page.getByRole('button', { name: 'Share' }).click();
	await expect(page.getByText('Link copied')).toBeVisible();
	const link = await page.evaluate(() => navigator.clipboard.readText());
	expect(link).toMatch(/\/write\/?#s=1\.[\w-]+$/);

	const visitor = await browser.newPage();
	const weights: string[] = [];
	visitor.on('request', (request) => {
		if (request.url().includes('.onnx')) weights.push(request.url());
	});
	await visitor.goto(link);
	await expect(output(visitor)).toHaveText(before.trim(), { useInnerText: true });
	await expect(visitor.getByText(/^Recorded: this text came with the link/)).toBeVisible();
	await tokens(visitor).first().focus();
	await expect(card(visitor)).toContainText('%');
	await visitor.keyboard.press('Escape');
	expect(weights).toEqual([]);
	await visitor.getByRole('button', { name: 'Run it here' }).click();
	await expect(visitor.getByText(/^Reproduced: all 12 tokens/).first()).toBeVisible({
		timeout: 60_000
	});
	await visitor.close();
});

test('says what is wrong with a damaged link, and writes on', async ({ page }) => {
	await visit(page, 'write/#s=1.3VbLbtswEPwVgWd');
	await expect(page.getByRole('alert')).toContainText(/not a whole Vitrine link/);
	await startWriting(page, 'Once', 3);
	await untilWritten(page);
	await expect(tokens(page)).toHaveCount(3);
});

test('keeps a history that outlives the page', async ({ page }) => {
	const before = await write(page, 'The history of a boat', 6);
	await page.reload();
	await expect(page.getByRole('button', { name: 'Generate' })).toBeEnabled();
	await page.getByText('History', { exact: true }).click();
	await page
		.getByRole('button', { name: /^The history of a boat/ })
		.first()
		.click();
	expect(await output(page).innerText()).toBe(before);
	await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('The history of a boat');
	await page.getByRole('button', { name: 'Clear history' }).click();
	await page.getByRole('button', { name: 'Delete all' }).click();
	await expect(page.getByText(/^Nothing yet/)).toBeVisible();
});

test('downloads text and everything known about it', async ({ page }) => {
	const before = await write(page, 'Words: dog\nThe dog', 5);
	const save = async (name: string): Promise<[string, string]> => {
		const [download] = await Promise.all([
			page.waitForEvent('download'),
			page.getByRole('button', { name }).click()
		]);
		return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')];
	};
	const [textName, text] = await save('Download as .txt');
	expect(textName).toMatch(/^the-dog.*\.txt$/);
	expect(text.replace(/\s+/g, ' ')).toBe(`The dog${before}`.replace(/\s+/g, ' '));
	const json = JSON.parse((await save('Download as .json'))[1]) as {
		prompt: string;
		runs: { settings: { seed: number }; model: { id: string; device: string } }[];
		tokens: { logprob: number; alternatives: unknown[] }[];
	};
	expect(json.prompt).toBe('Words: dog\nThe dog');
	expect(json.runs[0]?.model.id).toBe('storyteller');
	expect(json.tokens).toHaveLength(5);
	expect(json.tokens.every(({ logprob }) => logprob <= 0)).toBe(true);
	expect(json.tokens[0]?.alternatives.length).toBeGreaterThan(3);
});

test('steers with story words', async ({ page }) => {
	await visit(page);
	const prompt = page.getByRole('textbox', { name: 'Prompt' });
	await prompt.fill('One day');
	await page.getByRole('button', { name: 'bear', exact: true }).click();
	await page.getByRole('button', { name: 'snow', exact: true }).click();
	await expect(prompt).toHaveValue('Words: bear, snow\nOne day');
	await page.getByRole('button', { name: 'bear', exact: true }).click();
	await expect(prompt).toHaveValue('Words: snow\nOne day');
	await expect(page.getByRole('group', { name: 'Examples' }).getByRole('button')).toHaveCount(6);
});

test('lives on after bad input: too long, empty, control characters, half characters', async ({
	page
}) => {
	const before = await write(page, 'Once', 3);
	const prompt = page.getByRole('textbox', { name: 'Prompt' });
	const long = 'a dog and a boat '.repeat(5883).slice(0, 100_000);
	await prompt.fill(long);
	await page.getByRole('button', { name: 'Generate' }).click();
	await expect(page.getByRole('alert')).toContainText(/\d[\d,. ]{3,}.*512|512.*\d[\d,. ]{3,}/);
	expect((await prompt.inputValue()).length).toBe(100_000);
	expect(await output(page).innerText()).toBe(before);
	for (const [text, note] of [
		['', /The prompt is empty/],
		['The\u0000 dog\u001b', /2 control characters/],
		['The \ud800 dog', /lone surrogate/]
	] as const) {
		await prompt.evaluate((area: HTMLTextAreaElement, value) => {
			area.value = value;
			area.dispatchEvent(new Event('input', { bubbles: true }));
		}, text);
		await expect(page.getByText(note)).toBeVisible();
		await page.getByRole('button', { name: 'Generate' }).click();
		await untilWritten(page);
		await expect(page.getByRole('alert')).toHaveCount(0);
		await expect(tokens(page)).toHaveCount(3);
	}
});

test('refuses settings that cannot be, with a sentence', async ({ page }) => {
	await visit(page);
	await page.getByText('Advanced sampling').click();
	await page.getByRole('spinbutton', { name: 'Top-k' }).fill('-4');
	await expect(
		page.getByText('Top-k must be a whole number from 0 to 1000; this is -4.')
	).toBeVisible();
	await page.getByRole('button', { name: 'Generate' }).click();
	await expect(page.getByRole('alert')).toContainText('Top-k must be');
	await page.getByRole('button', { name: 'Balanced' }).click();
	await expect(page.getByRole('spinbutton', { name: 'Top-k' })).toHaveValue('0');
});

for (const scheme of ['light', 'dark'] as const) {
	test(`has no accessibility violation, ${scheme}`, async ({ page }) => {
		await page.emulateMedia({ colorScheme: scheme });
		await write(page, 'Once', 8);
		await page.getByRole('radio', { name: 'Entropy' }).check();
		await tokens(page).nth(3).focus();
		const { violations } = await new AxeBuilder({ page }).analyze();
		expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
	});
}

test('fits a phone, its token card too', async ({ page }) => {
	await page.setViewportSize({ width: 360, height: 640 });
	await write(page, 'Once', 20);
	const overflow = await page.evaluate(() => document.documentElement.scrollWidth);
	expect(overflow).toBeLessThanOrEqual(360);
	for (const index of [0, 7, 19]) {
		await tokens(page).nth(index).click();
		await expect(card(page)).toBeVisible();
		const box = await card(page).boundingBox();
		expect(box?.x).toBeGreaterThanOrEqual(0);
		expect(box?.y).toBeGreaterThanOrEqual(0);
		expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(360);
		expect((box?.y ?? 0) + (box?.height ?? 999)).toBeLessThanOrEqual(640);
	}
});

// Time on a shared machine is no pass or fail of a build: npm run e2e:full runs it on a quiet one.
test('has no task over 50 ms on the main thread while tokens stream @full', async ({ page }) => {
	await write(page, 'Once', 4);
	await page.evaluate(() => {
		const seen: number[] = [];
		(globalThis as { longTasks?: number[] }).longTasks = seen;
		new PerformanceObserver((list) => {
			for (const entry of list.getEntries()) seen.push(entry.duration);
		}).observe({ type: 'longtask' });
	});
	// Other processes stretch tasks too: one of three runs has to be clean.
	let longest = Infinity;
	for (let attempt = 0; attempt < 3 && longest > 50; attempt++) {
		await startWriting(page, 'Once upon a time', 120);
		await expect(tokens(page).nth(5)).toBeAttached();
		await page.evaluate(() => (globalThis as { longTasks?: number[] }).longTasks?.splice(0));
		await untilWritten(page);
		const tasks = await page.evaluate(
			() => (globalThis as { longTasks?: number[] }).longTasks ?? []
		);
		longest = Math.max(0, ...tasks);
	}
	expect(longest).toBeLessThanOrEqual(50);
});

test('works under a sub-path without headers', async ({ page }) => {
	await visit(page, `${PLAIN_SITE}write/`);
	await startWriting(page, 'Once', 3);
	await expect(tokens(page)).toHaveCount(3, { timeout: 60_000 });
	await untilWritten(page);
	await expect(page.getByRole('link', { name: 'More models' })).toHaveAttribute('href', /models/);
});
