import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors.ts';
import { integers } from '../core/tensor.ts';
import type { CpuTensor, Feeds } from '../core/tensor.ts';
import type { Backend } from './backend.ts';
import { createNodeBackend } from './backend-node.ts';
import { EngineModel } from './engine-model.ts';

const fixture = (path: string) =>
	new Uint8Array(
		readFileSync(new URL(`../../../tests/fixtures/decoders/${path}`, import.meta.url))
	);

const NAME = 'gpt2-primitive/onnx/model.onnx';

async function errorOf(work: Promise<unknown>): Promise<StudioError> {
	const error = await work.then(
		() => undefined,
		(reason: unknown) => reason
	);
	if (error instanceof StudioError) return error;
	throw new Error(`expected a StudioError, got ${String(error)}`);
}

describe('EngineModel on WASM', () => {
	let backend: Backend;
	let model: EngineModel;
	beforeAll(async () => {
		backend = await createNodeBackend();
		model = await EngineModel.create(backend, {
			name: NAME,
			graph: fixture(NAME),
			externalData: []
		});
	});

	/** Feeds for three tokens after an empty cache. */
	function feeds(): Feeds {
		const all: Feeds = {
			input_ids: integers([1, 3], [5, 6, 7]),
			attention_mask: integers([1, 3], [1, 1, 1]),
			position_ids: integers([1, 3], [0, 1, 2])
		};
		for (const { name, type, dims } of model.inputs) {
			if (!name.startsWith('past')) continue;
			const shape = [1, dims[1] as number, 0, dims[3] as number];
			all[name] = { location: 'cpu', type, dims: shape, data: new Float32Array(0) };
		}
		return all;
	}

	it('tells names, types and symbolic sizes', () => {
		const ids = model.inputs.find(({ name }) => name === 'input_ids');
		expect(ids?.type).toBe('int64');
		expect(ids?.dims.every((dim) => typeof dim === 'string')).toBe(true);
		expect(model.outputs.map(({ name }) => name)).toContain('present.0.key');
	});

	it('computes only the outputs that are wanted', async () => {
		const results = await model.run(feeds(), ['logits']);
		expect(Object.keys(results)).toEqual(['logits']);
		const logits = results['logits'] as CpuTensor<'float32'>;
		expect(logits.dims).toEqual([1, 3, logits.data.length / 3]);
		expect(logits.data.every(Number.isFinite)).toBe(true);
	});

	it('keeps outputs in engine memory on request, to be fed again', async () => {
		const first = await model.run(feeds(), undefined, { outputLocation: 'gpu' });
		const next = feeds();
		next['input_ids'] = integers([1, 1], [8]);
		next['attention_mask'] = integers([1, 4], [1, 1, 1, 1]);
		next['position_ids'] = integers([1, 1], [3]);
		for (const name of Object.keys(next)) {
			const present = first[name.replace('past_key_values', 'present')];
			if (name.startsWith('past') && present !== undefined) next[name] = present;
		}
		const inPieces = (await model.run(next, ['logits']))['logits'] as CpuTensor<'float32'>;
		const whole = feeds();
		whole['input_ids'] = integers([1, 4], [5, 6, 7, 8]);
		whole['attention_mask'] = integers([1, 4], [1, 1, 1, 1]);
		whole['position_ids'] = integers([1, 4], [0, 1, 2, 3]);
		const atOnce = (await model.run(whole, ['logits']))['logits'] as CpuTensor<'float32'>;
		const last = atOnce.data.slice(-inPieces.data.length);
		inPieces.data.forEach((x, i) => expect(x).toBeCloseTo(last[i] ?? NaN, 4));
		for (const tensor of Object.values(first)) if (tensor.location === 'gpu') tensor.dispose();
	});

	it.each([
		['needs attention_mask', () => ({ input_ids: integers([1, 1], [1]) })],
		['has no input colour', () => ({ ...feeds(), colour: integers([1], [1]) })],
		[
			'takes input_ids as int64',
			() => ({
				...feeds(),
				input_ids: {
					location: 'cpu',
					type: 'int32',
					dims: [1, 3],
					data: new Int32Array(3)
				} as const
			})
		],
		['takes input_ids as int64', () => ({ ...feeds(), input_ids: integers([3], [1, 2, 3]) })]
	])('refuses wrong feeds: %s', async (reason, wrong) => {
		const error = await errorOf(model.run(wrong()));
		expect(error.code).toBe('bad-input');
		expect(error.message).toContain(reason);
	});

	it('stays usable after an error inside the graph', async () => {
		const wrong = feeds();
		wrong['position_ids'] = integers([1, 3], [0, 1, 99_999]);
		const error = await errorOf(model.run(wrong, ['logits']));
		expect(error.message).toContain(NAME);
		expect(error.message).toMatch(/operator \w+/);
		expect(Object.keys(await model.run(feeds(), ['logits']))).toEqual(['logits']);
	});

	it('does not start when the signal has fired', async () => {
		const error = await errorOf(model.run(feeds(), [], { signal: AbortSignal.abort() }));
		expect(error.code).toBe('aborted');
	});

	it('names the file when the engine cannot build it', async () => {
		const graph = fixture(NAME);
		// An operator that no runtime has, of the same length, so that the file stays well-formed.
		const text = new TextDecoder('latin1').decode(graph);
		const at = text.indexOf('LayerNormalization') >= 0 ? text.indexOf('LayerNormalization') : -1;
		const softmax = at >= 0 ? at : text.indexOf('Softmax');
		expect(softmax).toBeGreaterThan(0);
		graph.set(new TextEncoder().encode('Xyzzy'), softmax);
		const files = { name: 'onnx/odd.onnx', graph, externalData: [] };
		const error = await errorOf(EngineModel.create(backend, files));
		expect(error.code).toBe('bad-model');
		expect(error.message).toContain('onnx/odd.onnx could not be loaded');
	});
});
