import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from './run-cli.ts';

vi.setConfig({ testTimeout: 120_000 });

const ORACLE = fileURLToPath(new URL('../tests/fixtures/oracles/mobilenet/', import.meta.url));
const MODEL = join(ORACLE, 'model.onnx');

interface Stored {
	readonly dims: number[];
	readonly data: number[];
}
interface Case {
	readonly feeds: Record<string, Stored>;
	readonly cotangents: Record<string, Stored>;
	readonly gradients: Record<string, Stored>;
}
const [stored] = (JSON.parse(readFileSync(join(ORACLE, 'case.json'), 'utf8')) as { cases: Case[] })
	.cases;

async function run(...args: string[]) {
	let [out, err] = ['', ''];
	const code = await runCli(args, {
		print: (text) => void (out += text),
		note: (text) => void (err += text),
		signal: new AbortController().signal,
		now: () => performance.now(),
		pause: () => Promise.resolve()
	});
	return { code, out, err };
}

let [scratch, feeds] = ['', ''];
beforeAll(() => {
	scratch = mkdtempSync(join(tmpdir(), 'vitrine-gradient-'));
	feeds = join(scratch, 'feeds.json');
	writeFileSync(
		feeds,
		JSON.stringify({ feeds: stored?.feeds, cotangent: stored?.cotangents['logits'] })
	);
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('vitrine inspect', () => {
	it('prints what a model holds as JSON', async () => {
		const { code, out } = await run('inspect', MODEL, '--json');
		const report = JSON.parse(out) as Record<string, unknown>;
		expect(code).toBe(0);
		expect(Object.keys(report)).toEqual(
			'opset inputs outputs parameters operators differentiable missing'.split(' ')
		);
		expect(report).toMatchObject({ differentiable: true, missing: [] });
		expect(report['operators']).toHaveProperty('Conv');
	});

	it('refuses a file that is no model', async () => {
		const path = join(scratch, 'page.onnx');
		writeFileSync(path, '<html>');
		const { code, out } = await run('inspect', path, '--json');
		expect(code).toBe(1);
		expect(JSON.parse(out)).toMatchObject({ error: { code: 'bad-model' } });
	});
});

describe('vitrine gradient', () => {
	it("prints PyTorch's gradients", async () => {
		const wrt = ['pixel_values', 'stem.weight', 'depthwise.weight'];
		const { code, out, err } = await run(
			...['gradient', MODEL, '--feeds', feeds, '--of', 'logits', '--wrt', wrt.join(','), '--json']
		);
		expect([code, err]).toEqual([0, '']);
		const { gradients, outputs } = JSON.parse(out) as Record<string, Record<string, Stored>>;
		expect(outputs?.['logits']?.dims).toEqual(stored?.cotangents['logits']?.dims);
		for (const name of wrt) {
			const [got, expected] = [gradients?.[name], stored?.gradients[name]];
			expect(got?.dims).toEqual(expected?.dims);
			const size = Math.max(...(expected?.data ?? []).map(Math.abs));
			const worst = Math.max(
				...(expected?.data ?? []).map((v, i) => Math.abs(v - (got?.data[i] ?? NaN)))
			);
			expect(worst / size).toBeLessThan(1e-4);
		}
	});

	it('names what is wrong with names, rules and feeds', async () => {
		const base = ['gradient', MODEL, '--feeds', feeds, '--of', 'logits'];
		expect((await run(...base, '--wrt', 'nothing')).err).toMatch(/no value named "nothing"/);
		expect(await run(...base, '--wrt', 'pixel_values', '--rules', 'magic')).toMatchObject({
			code: 2
		});
		writeFileSync(
			join(scratch, 'short.json'),
			'{"feeds":{"pixel_values":{"dims":[1,3],"data":[1]}}}'
		);
		const short = await run(
			'gradient',
			MODEL,
			'--feeds',
			join(scratch, 'short.json'),
			'--of',
			'logits',
			'--wrt',
			'pixel_values'
		);
		expect(short.err).toMatch(/needs 3 elements, got 1/);
	});
});
