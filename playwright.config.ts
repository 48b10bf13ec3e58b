import { defineConfig } from '@playwright/test';
import { findChromium } from './scripts/chromium.mjs';

const full = process.env.VITRINE_FULL === '1';
const report = process.env.VITRINE_REPORT;

/** Flags that keep Chromium off the network and let it run as root in a container. */
const QUIET = [
	'--no-sandbox',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync'
];

/** WebGPU in software: the same code path as on a GPU, about a second a token. */
const SOFTWARE_GPU = [
	'--enable-unsafe-webgpu',
	'--use-webgpu-adapter=swiftshader',
	'--enable-features=Vulkan'
];

const executablePath = await findChromium();

export default defineConfig({
	testDir: 'tests/e2e',
	outputDir: 'test-results/browser',
	// Two cores: browsers that run models beside each other only make each other time out.
	workers: 1,
	fullyParallel: false,
	timeout: 90_000,
	expect: { timeout: 15_000 },
	retries: 0,
	forbidOnly: true,
	grepInvert: full ? undefined : /@full/,
	grep: full ? /@full/ : undefined,
	reporter: report ? [['list'], ['json', { outputFile: report }]] : [['list']],
	globalSetup: './tests/e2e/server.ts',
	use: { baseURL: 'http://localhost:4391/', trace: 'retain-on-failure' },
	projects: [
		{
			name: 'wasm',
			testIgnore: /\.webgpu\.spec\.ts$/,
			use: {
				browserName: 'chromium',
				launchOptions: { executablePath, args: [...QUIET, '--disable-features=WebGPU'] }
			}
		},
		{
			name: 'webgpu',
			testMatch: /\.webgpu\.spec\.ts$/,
			timeout: 240_000,
			use: {
				browserName: 'chromium',
				launchOptions: { executablePath, args: [...QUIET, ...SOFTWARE_GPU] }
			}
		}
	]
});
