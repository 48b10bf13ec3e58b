import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubWorld, localFiles, publish, toyFiles } from '../../../tests/support/hub/hub-world.ts';
import type { HubWorld } from '../../../tests/support/hub/hub-world.ts';
import { randomBytes, tinyOnnx } from '../../../tests/support/hub/tiny-onnx.ts';
import type { StudioStore } from '../store/studio-store.ts';
import type { Hub } from './hub.ts';

let world: HubWorld;
let hub: Hub;
let store: StudioStore;

beforeEach(async () => {
	world = await hubWorld();
	({ hub, store } = await world.openTab());
});
afterEach(() => world.close());

type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** Imports the toy folder after a change; expects refusal and that nothing is left behind. */
async function refusal(change: (files: Files) => void): Promise<unknown> {
	const files = toyFiles();
	change(files);
	const error: unknown = await hub.importDisk('broken', localFiles(files)).then(
		() => undefined,
		(reason: unknown) => reason
	);
	expect(await store.weights.installed()).toEqual([]);
	expect(await store.weights.leases()).toEqual([]);
	return error;
}

const text = (value: string): Uint8Array<ArrayBuffer> =>
	new TextEncoder().encode(value) as Uint8Array<ArrayBuffer>;

describe('a folder from disk', () => {
	it('becomes a model with all its variants, listed and ready offline', async () => {
		const summary = await hub.importDisk('My Toy', localFiles(toyFiles()));
		expect(summary).toMatchObject({ title: 'My Toy', source: 'disk', task: 'text-generation' });
		expect(summary.id).toMatch(/^disk-my-toy-[0-9a-f]{8}$/);
		expect(summary.variants.map(({ name, installed }) => [name, installed])).toEqual([
			['fp32', true],
			['int8', true]
		]);
		const opened = await hub.open(summary.id, 'int8');
		expect(opened.graph.externalData.length).toBe(2);
		expect(opened.texts['tokenizer.json']).toContain('BPE');
		expect((await hub.list('webgpu')).map(({ id }) => id)).toEqual([summary.id]);
	});

	it('shares weights with a bundled model, and stays when that is deleted', async () => {
		await publish(world);
		const bundled = await hub.install('toy', 'int8');
		const { id } = await hub.importDisk('copy', localFiles(toyFiles()));
		await hub.remove({ id: 'toy' });
		expect((await hub.open(id, 'int8')).identity).toBe(bundled.identity);
		expect((await hub.verify({ id })).damaged).toEqual([]);
		await hub.remove({ id });
		const hashes = bundled.graphs.flatMap(({ weights }) => weights.map(({ sha256 }) => sha256));
		expect((await store.weights.held(hashes)).size).toBe(0);
	});

	it('reads external data beside the graph', async () => {
		const files = toyFiles();
		const data = randomBytes(5_000, 9);
		const external = { location: 'model.onnx_data', offset: 1_000 };
		files.delete('onnx/model_quantized.onnx');
		files.set('onnx/model.onnx', tinyOnnx([{ name: 'w', bytes: data.slice(1_000), external }]));
		files.set('onnx/model.onnx_data', data);
		const { id } = await hub.importDisk('outside', localFiles(files));
		const { graph } = await hub.open(id, 'fp32');
		const stored = new Uint8Array((await graph.externalData[0]?.data.arrayBuffer()) ?? []);
		expect(stored).toEqual(data.slice(1_000));
	});

	it('replaces what was imported under the name before', async () => {
		const { id } = await hub.importDisk('same', localFiles(toyFiles(1)));
		const files = toyFiles(2);
		files.delete('onnx/model_quantized.onnx');
		const again = await hub.importDisk('same', localFiles(files));
		expect(again.id).toBe(id);
		expect(again.variants.map(({ name }) => name)).toEqual(['fp32']);
	});

	it('leaves nothing of an import whose tab was killed', async () => {
		const lease = { key: 'import/disk-x', purpose: 'import', id: 'disk-x', variant: '' } as const;
		await store.weights.saveLease({ ...lease, chunks: [], partial: [] });
		const bytes = randomBytes(2_000, 3);
		const chunk = { sha256: await world.environment.sha256(bytes), bytes };
		await store.weights.write([chunk], {
			...lease,
			chunks: [{ sha256: chunk.sha256, size: 2_000 }],
			partial: []
		});
		await world.openTab();
		expect(await store.weights.leases()).toEqual([]);
		expect((await store.weights.held([chunk.sha256])).size).toBe(0);
	});
});

describe('a damaged folder is refused, naming the file', () => {
	const cases: readonly [string, (files: Files) => void, RegExp][] = [
		['no config.json', (files) => files.delete('config.json'), /"config\.json" is missing/],
		['no tokenizer', (files) => files.delete('tokenizer.json'), /"tokenizer\.json" is missing/],
		[
			'no graph',
			(files) => {
				files.delete('onnx/model.onnx');
				files.delete('onnx/model_quantized.onnx');
			},
			/"onnx\/model\.onnx" is missing/
		],
		[
			'a truncated graph',
			(files) =>
				files.set(
					'onnx/model_quantized.onnx',
					(files.get('onnx/model_quantized.onnx') ?? text('')).slice(0, 200_000)
				),
			/"onnx\/model_quantized\.onnx"/
		],
		[
			'a garbage graph',
			(files) => files.set('onnx/model.onnx', randomBytes(50_000, 8)),
			/"onnx\/model\.onnx"/
		],
		['an empty graph', (files) => files.set('onnx/model.onnx', text('')), /"onnx\/model\.onnx"/],
		[
			'truncated JSON',
			(files) => files.set('tokenizer.json', text('{"model": {')),
			/"tokenizer\.json"/
		],
		['JSON of the wrong kind', (files) => files.set('config.json', text('7')), /"config\.json"/],
		[
			'no tokenizer in its file',
			(files) => files.set('tokenizer.json', text('{}')),
			/"tokenizer\.json"/
		],
		[
			'missing external data',
			(files) =>
				files.set(
					'onnx/model.onnx',
					tinyOnnx([
						{
							name: 'w',
							bytes: randomBytes(4_000, 1),
							external: { location: 'model.onnx_data', offset: 0 }
						}
					])
				),
			/"onnx\/model\.onnx_data", which is missing/
		],
		[
			'short external data',
			(files) => {
				const external = { location: 'model.onnx_data', offset: 10 };
				files.set(
					'onnx/model.onnx',
					tinyOnnx([{ name: 'w', bytes: randomBytes(4_000, 1), external }])
				);
				files.set('onnx/model.onnx_data', randomBytes(4_000, 1));
			},
			/"onnx\/model\.onnx_data" is cut short/
		]
	];
	it.each(cases)('%s', async (_name, change, message) => {
		expect(await refusal(change)).toMatchObject({
			code: 'bad-model',
			message: expect.stringMatching(message),
			hint: expect.stringMatching(/\w/)
		});
	});

	it('a folder of nothing, and one of other weights', async () => {
		await expect(hub.importDisk('none', [])).rejects.toMatchObject({ code: 'bad-model' });
		const files = toyFiles();
		files.delete('onnx/model.onnx');
		files.delete('onnx/model_quantized.onnx');
		files.set('model.safetensors', text('x'));
		await expect(hub.importDisk('st', localFiles(files))).rejects.toMatchObject({
			hint: expect.stringContaining('exported')
		});
	});

	it('a full disk, with nothing left behind', async () => {
		world.disk.usage = world.disk.quota - 1_000;
		await expect(hub.importDisk('big', localFiles(toyFiles()))).rejects.toMatchObject({
			code: 'quota'
		});
		expect(await store.weights.installed()).toEqual([]);
	});
});
