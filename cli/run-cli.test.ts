import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from './run-cli.ts';

// The first run of a process compiles the engine, which takes long on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODEL = join(ROOT, 'tests/fixtures/decoders/qwen3-fused');
const EXTERNAL = join(ROOT, 'tests/fixtures/decoders/qwen3-fused-external');

interface Expected {
	readonly text: string;
	readonly inputIds: readonly number[];
	readonly greedyIds: readonly number[];
}
const expected = JSON.parse(readFileSync(join(MODEL, 'expected.json'), 'utf8')) as {
	files: Record<string, Expected[]>;
};
const [first] = expected.files['onnx/model.onnx'] ?? [];
const prompt = first?.text ?? '';

async function run(args: readonly string[], signal = new AbortController().signal) {
	let out = '';
	let err = '';
	const code = await runCli(args, {
		print: (text) => void (out += text),
		note: (text) => void (err += text),
		signal,
		now: () => performance.now(),
		pause: () => new Promise((resolve) => setImmediate(resolve))
	});
	return { code, out, err };
}

const generate = (...args: string[]) => run(['generate', MODEL, '--prompt', prompt, ...args]);

/** Copies the fixture and damages the copy. */
function damaged(damage: (directory: string) => void, from = MODEL): string {
	const directory = mkdtempSync(join(scratch, 'model-'));
	cpSync(from, directory, { recursive: true });
	damage(directory);
	return directory;
}

let scratch = '';
beforeAll(() => {
	scratch = mkdtempSync(join(tmpdir(), 'vitrine-cli-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('vitrine generate', () => {
	it("prints PyTorch's greedy tokens as JSON", async () => {
		const { code, out, err } = await generate('--temperature', '0', '--max-tokens', '32', '--json');
		expect([code, err]).toEqual([0, '']);
		const result = JSON.parse(out) as Record<string, unknown> & {
			tokens: { id: number; text: string; logprob: number }[];
		};
		expect(Object.keys(result)).toEqual([
			'text',
			'tokens',
			'promptTokens',
			'tokensPerSecond',
			'timeToFirstTokenMs',
			'device'
		]);
		expect(result.tokens.map((token) => token.id)).toEqual(first?.greedyIds);
		expect(Object.keys(result.tokens[0] ?? {})).toEqual(['id', 'text', 'logprob']);
		expect(result.text).toBe(result.tokens.map((token) => token.text).join(''));
		expect(result.promptTokens).toBe(first?.inputIds.length);
		expect(result.tokensPerSecond).toBeGreaterThan(0);
		expect(result.timeToFirstTokenMs).toBeGreaterThan(0);
		expect(result.device).toMatch(/^wasm: /);
	});

	it('streams text, and the same text for the same seed', async () => {
		const a = await generate('--seed', '-5', '--max-tokens', '12');
		const b = await generate('--seed', '-5', '--max-tokens', '12', '--json');
		const c = await generate('--seed', '6', '--max-tokens', '12');
		expect(a.code).toBe(0);
		expect(a.out).toBe((JSON.parse(b.out) as { text: string }).text);
		expect(c.out).not.toBe(a.out);
		expect(a.err).toMatch(/12 tokens, .* tokens\/s/);
	});

	it('stops before a stop text', async () => {
		const whole = await generate('--temperature', '0');
		const stop = whole.out.slice(8, 11);
		const { out } = await generate('--temperature', '0', '--stop', stop, '--stop', 'never there');
		expect(out).toBe(whole.out.slice(0, whole.out.indexOf(stop)));
	});

	it('reads the prompt from a file, wraps chats, and opens external weights', async () => {
		const file = join(scratch, 'prompt.txt');
		writeFileSync(file, prompt);
		const options = ['--temperature', '0', '--max-tokens', '5', '--json'];
		const fromFile = await run(['generate', EXTERNAL, '--prompt-file', file, ...options]);
		const direct = await generate(...options);
		const text = ({ out }: { out: string }) => (JSON.parse(out) as { text: string }).text;
		expect(text(fromFile)).toBe(text(direct));
		const chat = await generate('--chat', ...options);
		const { promptTokens } = JSON.parse(chat.out) as { promptTokens: number };
		expect(promptTokens).toBeGreaterThan((first?.inputIds.length ?? 0) + 3);
	});

	it('keeps what there is when it is stopped', async () => {
		const { code, out } = await run(
			['generate', MODEL, '--prompt', prompt, '--json'],
			AbortSignal.abort()
		);
		expect(code).toBe(130);
		expect(JSON.parse(out)).toMatchObject({ text: '', tokens: [] });
	});
});

describe('bad command lines (exit code 2)', () => {
	it.each<[string, string[], RegExp]>([
		['an unknown verb', ['paint'], /no verb "paint"/],
		['an inherited name', ['toString'], /no verb "toString"/],
		['no model', ['generate', '--prompt', 'x'], /MODEL_DIR is missing/],
		['two models', ['generate', 'a', 'b', '--prompt', 'x'], /"b" follows "a"/],
		['no prompt', ['generate', MODEL], /--prompt is missing/],
		['two prompts', ['generate', MODEL, '--prompt', 'x', '--prompt-file', 'y'], /Both/],
		['an unknown option', ['generate', MODEL, '--prompt', 'x', '--colour', 'red'], /--colour/],
		['a word for a number', ['generate', MODEL, '--prompt', 'x', '--temperature', 'hot'], /"hot"/],
		['an empty number', ['generate', MODEL, '--prompt', 'x', '--seed', ''], /--seed/],
		[
			'a negative temperature',
			['generate', MODEL, '--prompt', 'x', '--temperature', '-1'],
			/from 0/
		],
		['half a token', ['generate', MODEL, '--prompt', 'x', '--max-tokens', '1.5'], /whole number/],
		['top-p of 3', ['generate', MODEL, '--prompt', 'x', '--top-p', '3'], /topP/],
		['no threads', ['generate', MODEL, '--prompt', 'x', '--threads', '0'], /--threads/],
		['an option without a value', ['generate', MODEL, '--prompt'], /--prompt/]
	])('says what is wrong with %s', async (_, args, message) => {
		const { code, out, err } = await run(args);
		expect(code).toBe(2);
		expect(out).toBe('');
		const [sentence = '', hint = '', ...rest] = err.split('\n');
		expect(sentence).toMatch(message);
		expect(hint).not.toBe('');
		expect(rest).toEqual(['']);
	});

	it('reports as JSON when that was asked for', async () => {
		const { code, out } = await run(['generate', MODEL, '--json']);
		expect(code).toBe(2);
		expect(JSON.parse(out)).toMatchObject({ error: { code: 'bad-input' } });
	});

	it('shows help', async () => {
		const top = await run(['--help']);
		expect(top).toMatchObject({ code: 0, err: '' });
		expect(top.out).toMatch(/generate +write text/);
		expect(top.out).toMatch(/Exit codes/);
		const verb = await run(['generate', '--help']);
		expect(verb.code).toBe(0);
		expect(verb.out).toMatch(/--temperature T/);
		expect(await run([])).toMatchObject({ code: 2 });
	});
});

describe('bad models (exit code 1)', () => {
	const graph = 'onnx/model.onnx';
	it.each<[string, () => string, RegExp]>([
		['a missing directory', () => join(scratch, 'nowhere'), /no directory .*nowhere/],
		['a file', () => join(MODEL, 'config.json'), /is a file/],
		['an empty directory', () => mkdtempSync(join(scratch, 'empty-')), /no ONNX decoder/],
		['no config', () => damaged((d) => rmSync(join(d, 'config.json'))), /no config\.json/],
		['no tokenizer', () => damaged((d) => rmSync(join(d, 'tokenizer.json'))), /no tokenizer\.json/],
		[
			'a truncated tokenizer',
			() => damaged((d) => truncateSync(join(d, 'tokenizer.json'), 900)),
			/tokenizer\.json is not valid JSON/
		],
		['a truncated graph', () => damaged((d) => truncateSync(join(d, graph), 9000)), /model\.onnx/],
		[
			'a garbage graph',
			() => damaged((d) => writeFileSync(join(d, graph), 'version https://git-lfs')),
			/model\.onnx/
		],
		['an empty graph', () => damaged((d) => writeFileSync(join(d, graph), '')), /model\.onnx/],
		[
			'missing weights',
			() => damaged((d) => rmSync(join(d, 'onnx/model.onnx_data')), EXTERNAL),
			/model\.onnx_data.*missing/
		],
		[
			'truncated weights',
			() => damaged((d) => truncateSync(join(d, 'onnx/model.onnx_data'), 100), EXTERNAL),
			/model\.onnx/
		],
		[
			'a garbage config',
			() => damaged((d) => writeFileSync(join(d, 'config.json'), '<html>')),
			/config\.json is not valid/
		]
	])('says what is wrong with %s', async (_, directory, message) => {
		const { code, out, err } = await run(['generate', directory(), '--prompt', 'x', '--json']);
		expect(err).toMatch(message);
		expect(code).toBe(1);
		expect(err.trimEnd().split('\n')).toHaveLength(2);
		const { error } = JSON.parse(out) as { error: { message: string; hint: string } };
		expect(error.message).toMatch(message);
		expect(error.hint).not.toBe('');
	});

	it('names the variants that there are', async () => {
		const { code, err } = await generate('--variant', 'q9');
		expect(code).toBe(1);
		expect(err).toMatch(/no variant "q9", but fp32/);
	});

	it('refuses a prompt that is too long with both numbers', async () => {
		const { code, err } = await run(['generate', MODEL, '--prompt', 'word '.repeat(20_000)]);
		expect(code).toBe(1);
		expect(err).toMatch(/has \d{5} tokens, but this model holds 256/);
	});
});

describe('the command itself', () => {
	it('runs under the Node on the PATH, whichever it is, and ends with the exit code', () => {
		const cli = join(ROOT, 'cli/vitrine.mjs');
		const inNode = (args: string[], node = 'node') =>
			spawnSync(node, [cli, ...args], { encoding: 'utf8', cwd: tmpdir(), timeout: 60_000 });
		const system = process.env.PATH?.split(':')
			.filter((path) => !path.includes('node_modules'))
			.join(':');
		const done = spawnSync(
			'node',
			[
				cli,
				'generate',
				MODEL,
				'--prompt',
				prompt,
				'--temperature',
				'0',
				'--max-tokens',
				'4',
				'--json'
			],
			{
				encoding: 'utf8',
				env: { ...process.env, PATH: system }
			}
		);
		expect(done.stderr).toBe('');
		const { tokens } = JSON.parse(done.stdout) as { tokens: { id: number }[] };
		expect(tokens.map((token) => token.id)).toEqual(first?.greedyIds.slice(0, 4));
		expect(done.status).toBe(0);
		const wrong = inNode(['generate', '--frobnicate'], process.execPath);
		expect(wrong.status).toBe(2);
		expect(wrong.stderr).toMatch(/frobnicate/);
	});
});
