import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseIndex, parseManifest } from '../src/lib/hub/manifest.ts';
import { randomBytes, tinyOnnx } from '../tests/support/hub/tiny-onnx.ts';
import { makeManifests } from './make-manifests.mjs';

const MODELS = fileURLToPath(new URL('../static/models', import.meta.url));
const present = existsSync(path.join(MODELS, 'storyteller', 'onnx', 'model.onnx'));

describe('make-manifests', () => {
	let folder = '';
	beforeEach(() => {
		folder = mkdtempSync(path.join(tmpdir(), 'manifests-'));
		const root = path.join(folder, 'toy', 'onnx');
		mkdirSync(root, { recursive: true });
		const card = {
			...{ title: 'Toy', task: 'other', description: 'For tests.', licence: 'MIT' },
			defaults: { wasm: 'fp32', webgpu: 'fp32', lowMemory: 'fp32' }
		};
		writeFileSync(path.join(folder, 'toy', 'vitrine.json'), JSON.stringify(card));
		writeFileSync(path.join(folder, 'toy', 'config.json'), '{}');
		writeFileSync(path.join(folder, 'toy', '.DS_Store'), 'x');
		const data = randomBytes(5000, 1);
		const external = { location: 'model.onnx_data', offset: 100 };
		writeFileSync(
			path.join(root, 'model.onnx'),
			tinyOnnx([
				{ name: 'inside', bytes: randomBytes(3000, 2) },
				{ name: 'outside', bytes: data.slice(100, 4100), external }
			])
		);
		writeFileSync(path.join(root, 'model.onnx_data'), data);
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it('is deterministic, valid, and cuts files at their weights', async () => {
		const lists = await makeManifests(folder);
		expect(await makeManifests(folder)).toEqual(lists);
		const text = lists.get(path.join('toy', 'manifest.json')) ?? '';
		const manifest = parseManifest(JSON.parse(text), 'test');
		expect(manifest.files.map((file) => file.path)).toEqual([
			'config.json',
			'onnx/model.onnx',
			'onnx/model.onnx_data'
		]);
		const sizes = manifest.files.map((file) => file.chunks?.map(({ size }) => size));
		expect(sizes[1]).toContain(3000);
		expect(sizes[2]).toEqual([100, 4000, 900]);
		expect(parseIndex(JSON.parse(lists.get('index.json') ?? ''), 'test').models.length).toBe(1);
	});

	it('refuses a default that is not there', async () => {
		const card = readFileSync(path.join(folder, 'toy', 'vitrine.json'), 'utf8');
		writeFileSync(path.join(folder, 'toy', 'vitrine.json'), card.replace('"fp32"', '"q4"'));
		await expect(makeManifests(folder)).rejects.toMatchObject({ code: 'bad-model' });
	});
});

describe('the committed lists', () => {
	it.skipIf(!present)(
		'agree with the files (else: npm exec -- node scripts/make-manifests.mjs)',
		async () => {
			for (const [name, text] of await makeManifests(MODELS)) {
				expect(readFileSync(path.join(MODELS, name), 'utf8') === text, name).toBe(true);
			}
		}
	);
});
