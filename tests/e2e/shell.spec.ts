import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { recordProblems } from './support.ts';

const PAGES = [
	{ path: '', heading: /studio for generative models/ },
	{ path: 'models/', heading: 'Models' },
	{ path: 'nothing-here/', heading: 'There is no page here' }
];

for (const { path, heading } of PAGES) {
	for (const colorScheme of ['light', 'dark'] as const) {
		test(`/${path} in ${colorScheme}: axe finds nothing, and nothing scrolls sideways`, async ({
			page
		}) => {
			// The transitions and the replay would only be photographed half-way.
			await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
			await page.goto(path);
			await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
			await expect(page.getByRole('button', { name: /Colour theme/ })).toBeVisible();
			if (path === 'models/') await expect(page.getByText('Runs on')).toBeVisible();
			const { violations } = await new AxeBuilder({ page }).analyze();
			expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
			for (const width of [360, 1440]) {
				await page.setViewportSize({ width, height: 800 });
				// Polled: media queries follow a resize with the next frame.
				const over = (): Promise<number> =>
					page.evaluate(
						() => document.documentElement.scrollWidth - document.documentElement.clientWidth
					);
				await expect.poll(over, `at ${width} px`).toBe(0);
			}
		});
	}
}

test('the keyboard reaches content, navigation and theme', async ({ page }) => {
	const problems = recordProblems(page);
	await page.goto('');
	await expect(page.getByRole('button', { name: /Colour theme/ })).toBeVisible();
	await page.keyboard.press('Tab');
	const skip = page.getByRole('link', { name: 'Skip to the content' });
	await expect(skip).toBeFocused();
	await expect(skip).toBeInViewport();
	await page.keyboard.press('Enter');
	await expect(page.getByRole('main')).toBeFocused();
	const navigation = page.getByRole('navigation', { name: 'Studio' });
	await navigation.getByRole('link', { name: 'Models' }).focus();
	await page.keyboard.press('Enter');
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Models');
	await expect(navigation.getByRole('link', { name: 'Models' })).toHaveAttribute(
		'aria-current',
		'page'
	);
	await expect(page).toHaveTitle('Models · Vitrine');
	expect(problems).toEqual([]);
});

test('a chosen theme is there before the first paint of the next visit', async ({ page }) => {
	await page.emulateMedia({ colorScheme: 'light' });
	await page.goto('models/');
	const theme = page.getByRole('button', { name: /Colour theme/ });
	await theme.click();
	await theme.click();
	await expect(theme).toHaveAccessibleName('Colour theme: dark');
	const background = (): Promise<string> =>
		page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	expect(await background()).toBe('rgb(18, 22, 25)');
	// Without the studio's own scripts only the blocking file can have set it.
	await page.route(/_app\/.*\.js$/, (route) => route.abort());
	await page.context().route(/service-worker/, (route) => route.abort());
	await page.reload({ waitUntil: 'domcontentloaded' });
	await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('the manifest names icons that are there', async ({ page, request }) => {
	await page.goto('');
	const address = await page.locator('link[rel=manifest]').getAttribute('href');
	const manifest = await (await request.get(new URL(address ?? '', page.url()).href)).json();
	expect(manifest).toMatchObject({ name: 'Vitrine', display: 'standalone', start_url: '.' });
	for (const { src } of manifest.icons as { src: string }[]) {
		const icon = await request.get(new URL(src, page.url()).href);
		expect(icon.status(), src).toBe(200);
	}
});
