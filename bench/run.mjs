// npm run bench: side-by-side ratios in one headless Chromium run; prints a table and writes
// bench/results.json. Options: --provider wasm|webgpu, --rounds N, --tokens N, --engines a,b,c.
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { build } from 'vite';
import { ensureChromium } from '../scripts/chromium.mjs';
import { fail, root, run, say } from '../scripts/run.mjs';
import { serve } from '../scripts/serve.mjs';
import { summarise, table } from './summary.mjs';

const { values: options } = parseArgs({
	options: {
		provider: { type: 'string', default: 'wasm' },
		rounds: { type: 'string', default: '5' },
		tokens: { type: 'string', default: '64' },
		contexts: { type: 'string', default: '64,400' },
		engines: { type: 'string' },
		out: { type: 'string', default: 'bench/results.json' }
	}
});

const WASM_ENGINES = [
	'vitrine-fp32',
	'transformers-fp32',
	'wllama-f32',
	'vitrine-int8',
	'transformers-int8',
	'wllama-q8_0'
];
const WEBGPU_ENGINES = ['vitrine-fp32', 'transformers-fp32'];
const FLAGS = [
	'--no-sandbox',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync'
];
const GPU_FLAGS = [
	'--enable-unsafe-webgpu',
	'--use-webgpu-adapter=swiftshader',
	'--enable-features=Vulkan'
];

const dist = path.join(root, 'bench', 'dist');

/** Writes the weights for llama.cpp from the training checkpoint; without one wllama is left out. */
function writeGguf(file, type) {
	const recipe = path.join(root, 'training', 'storyteller');
	const checkpoint = path.join(recipe, 'checkpoints', 'final.pt');
	if (existsSync(file) || !existsSync(checkpoint)) return;
	say(`Writing ${path.basename(file)} for wllama`);
	const args = ['export_gguf.py', '--checkpoint', checkpoint, '--type', type, '--out', file];
	if (run('/usr/bin/python3', args, { cwd: recipe }) !== 0) {
		fail('The GGUF export failed.', 'Install Debian’s python3-torch and python3-onnx.');
	}
}

async function prepare() {
	const gguf = path.join(root, 'bench', 'gguf');
	mkdirSync(gguf, { recursive: true });
	for (const type of ['f32', 'q8_0']) writeGguf(path.join(gguf, `storyteller-${type}.gguf`), type);
	say('Building the bench page');
	await build({ configFile: path.join(root, 'bench', 'vite.config.ts'), logLevel: 'warn' });
	for (const [name, target] of [
		['models', path.join(root, 'static', 'models')],
		['ort', path.join(root, 'node_modules', 'onnxruntime-web', 'dist')],
		['gguf', gguf]
	]) {
		rmSync(path.join(dist, name), { recursive: true, force: true });
		symlinkSync(target, path.join(dist, name), 'dir');
	}
}

async function measureAll(browser, url, plan) {
	const results = [];
	for (const context of plan.contexts) {
		for (const engine of plan.engines) {
			const page = await freshPage(browser, url);
			try {
				results.push(
					await page.evaluate(
						([name, p, c]) => window.bench.measure(name, p, c),
						[engine, plan, context]
					)
				);
				const last = results.at(-1);
				console.log(
					`  ${engine} at ${context}: ${last.warm.map((t) => t.tokensPerSecond.toFixed(1)).join(' ')} tok/s`
				);
			} catch (error) {
				console.error(`  ${engine} at ${context}: ${error.message.split('\n')[0]}`);
				results.push({ engine, context, error: error.message.split('\n')[0] });
			} finally {
				await page.context().close();
			}
		}
	}
	return results;
}

async function freshPage(browser, url) {
	const context = await browser.newContext();
	const page = await context.newPage();
	page.on('pageerror', (error) => console.error(`  page: ${error.message}`));
	await page.goto(url);
	await page.waitForFunction(() => document.title === 'ready');
	return page;
}

await prepare();
const executablePath = await ensureChromium();
const server = await serve({ port: 0, directory: dist });
const gpu = options.provider === 'webgpu';
const browser = await chromium.launch({
	executablePath,
	args: gpu ? [...FLAGS, ...GPU_FLAGS] : FLAGS
});
try {
	const plan = {
		provider: options.provider,
		contexts: options.contexts.split(',').map(Number),
		tokens: Number(options.tokens),
		rounds: Number(options.rounds),
		engines: options.engines?.split(',') ?? (gpu ? WEBGPU_ENGINES : WASM_ENGINES)
	};
	say(`Measuring on ${options.provider}, ${plan.tokens} tokens, ${plan.rounds} warm rounds each`);
	const measurements = await measureAll(browser, server.url, plan);
	const page = await freshPage(browser, server.url);
	const store = await page.evaluate((p) => window.bench.measureStore(p, 'fp32'), options.provider);
	const report = summarise({ plan, measurements, store, browser: browser.version() });
	writeFileSync(path.join(root, options.out), `${JSON.stringify(report, null, '\t')}\n`);
	console.log(table(report));
	console.log(`\nWritten to ${options.out}`);
} finally {
	await browser.close();
	await server.close();
}
