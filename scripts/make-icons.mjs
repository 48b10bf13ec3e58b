/**
 * Renders static/favicon.svg to the PNG icons of the web manifest with headless Chromium.
 * Usage: node scripts/make-icons.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from '@playwright/test';
import { ensureChromium } from './chromium.mjs';
import { root } from './run.mjs';

const svg = readFileSync(path.join(root, 'static/favicon.svg'), 'utf8');

/** A maskable icon fills its square; what matters lies in the inner 80 % (W3C Manifest, masks). */
const square = svg.replace(/ rx="\d+"/, '').replace('viewBox="0 0 64 64"', 'viewBox="-6 -6 76 76"');
const maskable = square
	.replace('<rect ', '<rect x="-6" y="-6" ')
	.replace(/(width|height)="64"/g, '$1="76"');

const ICONS = [
	{ file: 'icon-192.png', size: 192, source: svg },
	{ file: 'icon-512.png', size: 512, source: svg },
	{ file: 'icon-maskable-512.png', size: 512, source: maskable }
];

const browser = await chromium.launch({
	executablePath: await ensureChromium(),
	args: ['--no-sandbox']
});
try {
	for (const { file, size, source } of ICONS) {
		const page = await browser.newPage({ viewport: { width: size, height: size } });
		const image = `data:image/svg+xml;base64,${Buffer.from(source).toString('base64')}`;
		await page.setContent(
			`<style>*{margin:0}img{display:block;width:${size}px;height:${size}px}</style><img src="${image}">`
		);
		await page.locator('img').evaluate((element) => element.decode());
		writeFileSync(path.join(root, 'static', file), await page.screenshot({ omitBackground: true }));
		await page.close();
		console.log(`static/${file} (${size} × ${size})`);
	}
} finally {
	await browser.close();
}
