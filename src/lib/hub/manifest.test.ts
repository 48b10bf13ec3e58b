import { beforeAll, describe, expect, it } from 'vitest';
import { flipped } from '../../../tests/support/hub/flaky-server.ts';
import { randomBytes, tinyOnnx } from '../../../tests/support/hub/tiny-onnx.ts';
import { random } from '../core/random.ts';
import { CHUNK_BYTES } from '../store/records.ts';
import { browserEnvironment } from './browser-environment.ts';
import { buildManifest } from './build-manifest.ts';
import type { ModelCard } from './build-manifest.ts';
import { layoutAround } from './chunk-layout.ts';
import { downloadChunks } from './download-chunks.ts';
import type { Manifest } from './manifest.ts';
import { isSafePath, parseManifest } from './manifest.ts';
import { sha256 } from './sha256.ts';

const CARD: ModelCard = {
	...{ title: 'Toy', task: 'other', description: 'For tests.', licence: 'MIT' },
	defaults: { wasm: 'fp32', webgpu: 'fp32', lowMemory: 'fp32' }
};

const PATH = 'onnx/model.onnx';
const GRAPH = tinyOnnx([
	{ name: 'a', bytes: randomBytes(40_000, 1) },
	{ name: 'b', bytes: randomBytes(20_000, 2) }
]);

let manifest: Manifest;
beforeAll(async () => {
	manifest = await buildManifest('toy', CARD, [{ path: PATH, bytes: GRAPH }], sha256);
});

/** Downloads what a server gives under the manifest; resolves to what was kept. */
async function fetchUnder(given: Uint8Array<ArrayBuffer>): Promise<Uint8Array[]> {
	const file = manifest.files[0];
	const kept: Uint8Array[] = [];
	let offset = 0;
	const wanted = (file?.chunks ?? []).map((chunk) => {
		const at = offset;
		offset += chunk.size;
		return { ...chunk, offset: at };
	});
	const environment = {
		...browserEnvironment(),
		sleep: async () => undefined,
		fetch: async () => new Response(given, { headers: { 'content-length': `${given.length}` } })
	};
	await downloadChunks(environment, {
		...{ url: 'http://test/', path: PATH, size: file?.size ?? 0, wanted },
		keep: async ({ bytes }) => void kept.push(bytes),
		onBytes: () => undefined
	});
	return kept;
}

describe('bytes under a manifest', () => {
	it('are kept when they are right', async () => {
		const kept = await fetchUnder(GRAPH);
		expect(Buffer.concat(kept).equals(GRAPH)).toBe(true);
	});

	it('are refused with any bit of any byte flipped, cut short or lengthened', async () => {
		const source = random(11);
		const samples = process.env.VITRINE_FULL ? 5_000 : 500;
		for (let sample = 0; sample < samples; sample++) {
			const at = source.integer(GRAPH.length);
			await expect(fetchUnder(flipped(GRAPH, at)), `byte ${at}`).rejects.toMatchObject({
				code: 'verification',
				message: expect.stringContaining(PATH)
			});
		}
		for (const size of [0, 1, 30_000, GRAPH.length - 1]) {
			await expect(fetchUnder(GRAPH.slice(0, size))).rejects.toMatchObject({
				code: 'verification'
			});
		}
		const longer = new Uint8Array(GRAPH.length + 1);
		longer.set(GRAPH);
		await expect(fetchUnder(longer)).rejects.toMatchObject({ code: 'verification' });
	}, 180_000);
});

describe('parseManifest', () => {
	const changed = (change: (copy: Record<string, unknown>) => void): unknown => {
		const copy = JSON.parse(JSON.stringify(manifest)) as Record<string, unknown>;
		change(copy);
		return copy;
	};
	const file = (copy: Record<string, unknown>): Record<string, unknown> =>
		(copy.files as Record<string, unknown>[])[0] ?? {};

	it('accepts what the build writes', () => {
		expect(
			parseManifest(
				changed(() => undefined),
				'here'
			)
		).toEqual(manifest);
	});

	const wrong: readonly [string, (copy: Record<string, unknown>) => void][] = [
		['another schema', (copy) => (copy.schema = 2)],
		['no variants', (copy) => (copy.variants = [])],
		['an unknown task', (copy) => (copy.task = 'tea')],
		['a default that is not there', (copy) => (copy.defaults = { wasm: 'q4' })],
		['no files', (copy) => (copy.files = [])],
		['a size that does not add up', (copy) => (file(copy).size = 1)],
		['a hash that is none', (copy) => (file(copy).sha256 = 'abc')],
		['a path that leaves the folder', (copy) => (file(copy).path = '../secret')],
		['a chunk too large', (copy) => (file(copy).chunks = [{ size: CHUNK_BYTES + 1, sha256: '0' }])]
	];
	it.each(wrong)('refuses %s', (_name, change) => {
		expect(() => parseManifest(changed(change), 'here')).toThrow(/cannot be trusted/);
	});

	it.each([[null], [7], ['text'], [[]], [{}]])('refuses %j', (json) => {
		expect(() => parseManifest(json, 'here')).toThrow(/cannot be trusted/);
	});

	it('knows paths that stay inside', () => {
		expect(['a', 'a/b.json', 'onnx/model_q4.onnx'].every(isSafePath)).toBe(true);
		const unsafe = ['', '/a', '../a', 'a/../b', 'a//b', 'http://x/y', 'a\\b', 'a?b', './a'];
		expect(unsafe.some(isSafePath)).toBe(false);
	});
});

describe('layoutAround', () => {
	it('covers the file in order, at most 8 MiB a piece, for any weights', () => {
		const source = random(3);
		for (let round = 0; round < 200; round++) {
			const size = source.integer(40 * 1024 * 1024);
			const weights = Array.from({ length: source.integer(6) }, () => ({
				offset: source.integer(size + 1),
				size: source.integer(20 * 1024 * 1024)
			}));
			let position = 0;
			for (const piece of layoutAround(weights, size)) {
				expect(piece.offset).toBe(position);
				expect(piece.size).toBeGreaterThan(0);
				expect(piece.size).toBeLessThanOrEqual(CHUNK_BYTES);
				position += piece.size;
			}
			expect(position).toBe(size);
		}
	});
});
