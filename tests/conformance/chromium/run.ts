// Runs the decoder conformance suite in Chromium and prints a line for every decoder:
//
//     node tests/conformance/chromium/run.ts wasm|webgpu [--quick] [--file onnx/model.onnx] [FIXTURE …]
//
// WebGPU runs on SwiftShader, a software GPU where a token takes up to a second: `--quick` reads one
// prompt and compares six tokens.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { build } from 'vite';
import type { Provider } from '#lib/core/device.ts';
import type { ConformanceJob, ConformanceReport } from './worker.ts';
import { serveFolders } from './serve.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../../fixtures/decoders/', import.meta.url));
const DEBIAN_CHROMIUM = '/usr/bin/chromium';
const SOFTWARE_GPU = [
	'--enable-unsafe-webgpu',
	'--use-webgpu-adapter=swiftshader',
	'--enable-features=Vulkan'
];

async function runJob(origin: string, job: ConformanceJob): Promise<ConformanceReport> {
	const browser = await chromium.launch({
		...(existsSync(DEBIAN_CHROMIUM) ? { executablePath: DEBIAN_CHROMIUM } : {}),
		args: ['--no-sandbox', ...(job.provider === 'webgpu' ? SOFTWARE_GPU : [])]
	});
	try {
		const page = await browser.newPage();
		page.on('console', (message) => console.error(`  [${message.type()}] ${message.text()}`));
		await page.goto(`${origin}/app/index.html`);
		await page.waitForFunction(() => 'runConformance' in globalThis);
		return await page.evaluate(
			(argument) =>
				(
					globalThis as unknown as { runConformance(job: unknown): Promise<ConformanceReport> }
				).runConformance(argument),
			job
		);
	} finally {
		await browser.close();
	}
}

function print(report: ConformanceReport): number {
	let failures = report.error === undefined ? 0 : 1;
	if (report.error !== undefined) console.log(`FAILED: ${report.error}`);
	for (const { label, problems, skipped, worstLogit } of report.results) {
		failures += problems.length;
		if (skipped !== undefined) {
			console.log(`${label}: skipped, ${skipped}`);
			continue;
		}
		const verdict = problems.length === 0 ? 'ok' : `FAILED: ${problems.join('; ')}`;
		console.log(`${label}: ${worstLogit.toExponential(1)} ${verdict}`);
	}
	const seconds = (report.milliseconds / 1000).toFixed(1);
	console.log(`${report.device?.name}: ${seconds} s, ${report.submits} submits to the GPU`);
	return failures;
}

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { quick: { type: 'boolean', default: false }, file: { type: 'string', multiple: true } }
});
const [provider = 'wasm', ...fixtures] = positionals;
const outDir = mkdtempSync(join(tmpdir(), 'vitrine-conformance-'));
const folders = { '/app/': outDir, '/decoders/': FIXTURES };
await build({ configFile: join(HERE, 'vite.config.ts'), build: { outDir } });
const { server, origin } = await serveFolders(folders);
try {
	const report = await runJob(origin, {
		provider: provider as Provider,
		fixturesUrl: `${origin}/decoders/`,
		fixtures: fixtures.length > 0 ? fixtures : readdirSync(FIXTURES),
		options: {
			...(values.quick ? { tokens: 6, prompts: 1, cacheTokens: 6 } : {}),
			...(values.file === undefined ? {} : { files: values.file })
		}
	});
	process.exitCode = print(report) === 0 ? 0 : 1;
} finally {
	server.close();
	rmSync(outDir, { recursive: true });
}
