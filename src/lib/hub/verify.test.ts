import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flipped } from '../../../tests/support/hub/flaky-server.ts';
import { hubWorld, localFiles, publish, toyFiles } from '../../../tests/support/hub/hub-world.ts';
import type { HubWorld } from '../../../tests/support/hub/hub-world.ts';
import type { InstalledVariant } from '../store/records.ts';
import type { StudioStore } from '../store/studio-store.ts';
import type { Hub } from './hub.ts';

let world: HubWorld;
let hub: Hub;
let store: StudioStore;
let record: InstalledVariant;

beforeEach(async () => {
	world = await hubWorld();
	await publish(world);
	({ hub, store } = await world.openTab());
	record = await hub.install('toy', 'fp32');
	world.server.requests.length = 0;
	world.server.sent = 0;
});
afterEach(() => world.close());

/** Puts wrong bytes in the place of a stored chunk, as a failing disk would. */
async function corrupt(sha256: string | undefined): Promise<void> {
	const hash = sha256 ?? '';
	const [blob] = await store.weights.read([hash]);
	const bytes = new Uint8Array((await blob?.arrayBuffer()) ?? []);
	await store.weights.write([{ sha256: hash, bytes: flipped(bytes, bytes.length >> 1) }]);
}

describe('verify', () => {
	it('finds nothing wrong and uses no network when all is well', async () => {
		const report = await hub.verify({ id: 'toy' });
		expect(report.repaired).toEqual([]);
		expect(report.damaged).toEqual([]);
		expect(report.checkedBytes).toBe(record.bytes);
		expect(world.server.requests).toEqual([]);
	});

	it('fetches a corrupted weight again, only its bytes', async () => {
		const weight = record.graphs[0]?.weights[0];
		await corrupt(weight?.chunks[1]);
		const report = await hub.verify({ id: 'toy', variant: 'fp32' });
		expect(report).toMatchObject({ repaired: ['onnx/model.onnx#2'], damaged: [] });
		const start = (weight?.origin?.offset ?? 0) + 8 * 1024 * 1024;
		expect(world.server.requests).toContain(
			`GET /models/toy/onnx/model.onnx bytes=${start}-${start + 1024 * 1024 - 1}`
		);
		expect((await hub.verify({ id: 'toy' })).repaired).toEqual([]);
	});

	it('makes a damaged skeleton and a damaged text anew', async () => {
		await corrupt(record.graphs[0]?.skeleton.sha256);
		await corrupt(record.files[0]?.sha256);
		const report = await hub.verify({ id: 'toy' });
		expect(report.damaged).toEqual([]);
		expect([...report.repaired].sort()).toEqual(['config.json#0', 'onnx/model.onnx#0']);
		expect(world.server.sent).toBeLessThan(1024 * 1024);
		expect((await hub.open('toy', 'fp32')).identity).toBe(record.identity);
		expect((await hub.verify({ id: 'toy' })).repaired).toEqual([]);
	});

	it('refuses to load what is damaged and cannot be fetched, and heals when it can', async () => {
		await corrupt(record.graphs[0]?.weights[1]?.sha256);
		world.server.faults.set('/models/toy/onnx/model.onnx', { status: 500 });
		const report = await hub.verify({ id: 'toy' });
		expect(report).toMatchObject({ repaired: [], damaged: ['onnx/model.onnx#3'] });
		await expect(hub.open('toy', 'fp32')).rejects.toMatchObject({
			code: 'verification',
			hint: expect.stringContaining('Verify')
		});
		world.server.faults.clear();
		await hub.install('toy', 'fp32');
		expect((await hub.open('toy', 'fp32')).identity).toBe(record.identity);
	});

	it('moves to the current version when the damaged one is no longer served', async () => {
		await corrupt(record.graphs[0]?.weights[2]?.sha256);
		await publish(world, toyFiles(99));
		const report = await hub.verify({ id: 'toy' });
		expect(report).toMatchObject({ repaired: ['onnx/model.onnx#4'], damaged: [] });
		expect((await hub.open('toy', 'fp32')).identity).not.toBe(record.identity);
	});

	it('reports damage of a model from disk, which it cannot fetch', async () => {
		const { id } = await hub.importDisk('mine', localFiles(toyFiles(7)));
		const own = await store.weights.find(id, 'int8');
		await corrupt(own?.graphs[0]?.weights[1]?.sha256);
		const report = await hub.verify({ id });
		expect(report.damaged).toEqual(['onnx/model_quantized.onnx#2']);
		await expect(hub.install(id, 'int8')).rejects.toMatchObject({ code: 'not-found' });
	});

	it('says when there is nothing to verify', async () => {
		await expect(hub.verify({ id: 'nothing' })).rejects.toMatchObject({ code: 'not-found' });
	});
});
