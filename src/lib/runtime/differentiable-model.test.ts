import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { floats, integers } from '../core/tensor.ts';
import type { CpuTensor, Feeds } from '../core/tensor.ts';
import { createNodeBackend } from './backend-node.ts';
import type { Backend } from './backend.ts';
import { GraphModel } from './differentiable-model.ts';
import { EngineModel } from './engine-model.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MODEL = new URL('../../../tests/fixtures/oracles/llama/fused.onnx', import.meta.url);
const EMBEDDINGS = '/model/embed_tokens/Gather_output_0';

let backend: Backend;
beforeAll(async () => {
	backend = await createNodeBackend();
});

function open() {
	let sessions = 0;
	const files = { name: 'llama', graph: new Uint8Array(readFileSync(MODEL)), externalData: [] };
	const model = new GraphModel(files, (derived) => {
		sessions++;
		return EngineModel.create(backend, derived);
	});
	return { model, sessions: () => sessions };
}

function prompt(ids: number[]): Feeds {
	const feeds: Feeds = {
		input_ids: integers([1, ids.length], ids),
		attention_mask: integers(
			[1, ids.length],
			ids.map(() => 1)
		)
	};
	for (const layer of [0, 1]) {
		for (const part of ['key', 'value']) {
			feeds[`past_key_values.${layer}.${part}`] = floats([1, 2, 0, 16], []);
		}
	}
	return feeds;
}

const cpu = (feeds: Feeds, name: string): CpuTensor<'float32'> =>
	feeds[name] as CpuTensor<'float32'>;

describe('GraphModel', () => {
	it('gives inner values, feeds them, and differentiates by them', async () => {
		const { model, sessions } = open();
		const feeds = prompt([3, 1, 4, 1, 5]);
		const values = await model.run(feeds, ['logits', EMBEDDINGS]);
		const logits = cpu(values, 'logits');
		const seed = floats(logits.dims, new Float32Array(logits.data.length));
		seed.data[seed.data.length - 2] = 1;
		const gradient = cpu(await model.vjp(feeds, { logits: seed }, [EMBEDDINGS]), EMBEDDINGS);

		// One embedding moved by hand must move the logit as the gradient says.
		const moved = floats(cpu(values, EMBEDDINGS).dims, cpu(values, EMBEDDINGS).data);
		const rest = Object.fromEntries(Object.entries(feeds).filter(([name]) => name !== 'input_ids'));
		const logitAt = async (shift: number): Promise<number> => {
			const data = moved.data.slice();
			data[7] = (data[7] ?? 0) + shift;
			const out = await model.run({ ...rest, [EMBEDDINGS]: floats(moved.dims, data) }, ['logits']);
			return cpu(out, 'logits').data[seed.data.length - 2] ?? NaN;
		};
		const slope = ((await logitAt(0.02)) - (await logitAt(-0.02))) / 0.04;
		expect(slope).not.toBe(0);
		expect(gradient.data[7]).toBeCloseTo(slope, 2);

		const made = sessions();
		await model.vjp(prompt([2, 7, 1, 8, 2]), { logits: seed }, [EMBEDDINGS]);
		expect(sessions()).toBe(made);
		await model.dispose();
	});

	it('names what it does not have', async () => {
		const { model } = open();
		await expect(model.run(prompt([1]), ['ghost'])).rejects.toThrow(/no value named "ghost"/);
		await model.dispose();
	});
});
