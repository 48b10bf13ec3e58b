import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '#lib/runtime/backend.ts';
import { createNodeBackend } from '#lib/runtime/backend-node.ts';
import { decoderConformance } from './decoders.ts';

const ROOT = fileURLToPath(new URL('../fixtures/decoders/', import.meta.url));
const fixtures = readdirSync(ROOT);
const fetchBytes = async (path: string) => new Uint8Array(await readFile(ROOT + path));

describe('decoders on WASM in Node', () => {
	let backend: Backend;
	beforeAll(async () => {
		backend = await createNodeBackend();
	});

	it('has fixtures of all families', () => {
		expect(fixtures.length).toBeGreaterThanOrEqual(10);
	});

	it.each(fixtures)("%s gives PyTorch's ids and logits, on every cache", async (fixture) => {
		const results = await decoderConformance(backend, fetchBytes, [fixture]);
		expect(results.length).toBeGreaterThan(0);
		expect(results.filter(({ problems }) => problems.length > 0)).toEqual([]);
	});
});
