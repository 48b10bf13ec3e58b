// Takes the README's screenshots of the built studio: docs/write.png (light) and docs/home-dark.png.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright';
import { ensureChromium } from './chromium.mjs';
import { root } from './run.mjs';
import { serve } from './serve.mjs';

const folder = path.join(root, 'docs');
mkdirSync(folder, { recursive: true });
const server = await serve({ port: 0 });
const browser = await chromium.launch({
	executablePath: await ensureChromium(),
	args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking']
});
try {
	const light = await browser.newPage({ viewport: { width: 1280, height: 900 } });
	await light.goto(`${server.url}write/`);
	await light.getByRole('button', { name: 'Generate' }).click();
	await light.getByRole('button', { name: 'Stop' }).waitFor();
	await light.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden', timeout: 120_000 });
	await light.getByRole('radio', { name: 'Probability' }).check();
	await light.locator('[data-index="12"]').hover();
	await light.waitForTimeout(600);
	await light.screenshot({ path: path.join(folder, 'write.png') });
	const dark = await browser.newPage({
		viewport: { width: 360, height: 740 },
		colorScheme: 'dark'
	});
	await dark.goto(`${server.url}write/`);
	await dark.waitForTimeout(1500);
	await dark.screenshot({ path: path.join(folder, 'write-phone-dark.png') });
} finally {
	await browser.close();
	await server.close();
}
