import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { StudioError } from '../../core/errors.ts';
import { createNodeBackend } from '../backend-node.ts';
import type { Backend } from '../backend.ts';
import { createCausalSession } from './create-causal-session.ts';
import type { DecoderSource } from './create-causal-session.ts';
import type { DecoderSession } from './decoder-session.ts';

const ROOT = new URL('../../../../tests/fixtures/decoders/', import.meta.url);
const bytes = (path: string) => new Uint8Array(readFileSync(new URL(path, ROOT)));

function source(fixture: string): DecoderSource {
	const config: unknown = JSON.parse(new TextDecoder().decode(bytes(`${fixture}/config.json`)));
	const graph = bytes(`${fixture}/onnx/model.onnx`);
	return { name: 'onnx/model.onnx', graph, externalData: [], config };
}

async function errorOf(work: Promise<unknown>): Promise<StudioError> {
	const error = await work.then(
		() => undefined,
		(reason: unknown) => reason
	);
	if (error instanceof StudioError) return error;
	throw new Error(`expected a StudioError, got ${String(error)}`);
}

describe('createCausalSession on WASM', () => {
	let backend: Backend;
	let session: DecoderSession;
	beforeAll(async () => {
		backend = await createNodeBackend();
		session = await createCausalSession(backend, source('llama-packed'));
	});

	it('starts empty after its warm-up, with the best cache', () => {
		expect(session.length).toBe(0);
		expect(session.cacheKind).toBe('in-place');
		expect(session.contextLength).toBe(256);
	});

	it('leaves the cache as it was when a prefill is aborted between chunks', async () => {
		session.truncate(0);
		const before = await session.forward([1, 2, 3]);
		const controller = new AbortController();
		const long = Array.from({ length: 200 }, (_, i) => 4 + (i % 50));
		const work = session.forward(long, { signal: controller.signal });
		controller.abort();
		expect((await errorOf(work)).code).toBe('aborted');
		expect(session.length).toBe(3);
		session.truncate(2);
		const again = await session.forward([3]);
		again.forEach((x, i) => expect(x).toBeCloseTo(before[i] ?? NaN, 3));
	});

	it.each([
		['There is no token', []],
		['outside the vocabulary', [1, 1_000_000]],
		['outside the vocabulary', [-1]],
		['outside the vocabulary', [1.5]],
		["more than the model's context of 256", Array.from({ length: 257 }, () => 1)]
	])('refuses: %s', async (reason, ids) => {
		session.truncate(0);
		const error = await errorOf(session.forward(ids));
		expect(error.code).toBe('bad-input');
		expect(error.message).toContain(reason);
		expect(session.length).toBe(0);
	});

	it('holds exactly the context it promises', async () => {
		session.truncate(0);
		const ids = Array.from({ length: 256 }, (_, i) => i % 60);
		expect((await session.forward(ids)).length).toBe(session.vocabSize);
		expect((await errorOf(session.forward([1]))).code).toBe('bad-input');
		session.truncate(0);
	});

	it('keeps to a shorter context when asked', async () => {
		const short = await createCausalSession(backend, source('gpt2-fused'), { contextLength: 8 });
		expect(short.contextLength).toBe(8);
		await short.dispose();
	});

	it('falls back to a growing cache when in place is not wanted, with the same logits', async () => {
		const growing = await createCausalSession(backend, source('llama-packed'), {
			caches: ['growing']
		});
		expect(growing.cacheKind).toBe('growing');
		session.truncate(0);
		const [a, b] = [await session.forward([9, 8, 7]), await growing.forward([9, 8, 7])];
		a.forEach((x, i) => expect(x).toBeCloseTo(b[i] ?? NaN, 4));
		await growing.dispose();
	});

	it('refuses a graph that is no decoder, naming what it is', async () => {
		const config = { vocab_size: 3 };
		const model = source('gpt2-primitive');
		// The input's name is changed in place, by another of the same length.
		const text = new TextDecoder('latin1').decode(model.graph).replaceAll('input_ids', 'input_xyz');
		const graph = Uint8Array.from(text, (c) => {
			const code = c.charCodeAt(0);
			return code < 256 ? code : 63;
		});
		const error = await errorOf(createCausalSession(backend, { ...model, graph, config }));
		expect(error.code).toBe('bad-model');
		expect(error.message).toContain('onnx/model.onnx');
	});

	it('names the reason for truncated weights beside the graph', async () => {
		const external = source('qwen3-fused-external');
		const data = bytes('qwen3-fused-external/onnx/model.onnx_data').slice(0, 1000);
		const externalData = [{ path: 'model.onnx_data', data }];
		const error = await errorOf(createCausalSession(backend, { ...external, externalData }));
		expect(error.code).toBe('bad-model');
		expect(error.message).toContain('onnx/model.onnx could not be loaded');
	});

	it('reads weights from a Blob', async () => {
		const external = source('qwen3-fused-external');
		const data = new Blob([bytes('qwen3-fused-external/onnx/model.onnx_data')]);
		const externalData = [{ path: 'model.onnx_data', data }];
		const decoder = await createCausalSession(backend, { ...external, externalData });
		expect((await decoder.forward([1, 2])).length).toBe(decoder.vocabSize);
		await decoder.dispose();
	});
});
