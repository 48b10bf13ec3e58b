import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BIG, hubWorld, publish, toyFiles } from '../../../tests/support/hub/hub-world.ts';
import type { HubWorld } from '../../../tests/support/hub/hub-world.ts';
import type { Progress } from '../core/progress.ts';
import { splitSkeleton } from '../graph/skeleton.ts';
import { chunksOf } from '../store/records.ts';
import { localLocks } from './local-locks.ts';

const GRAPH = '/models/toy/onnx/model.onnx';
const MIB = 1024 * 1024;

let world: HubWorld;
beforeEach(async () => {
	world = await hubWorld();
	await publish(world);
});
afterEach(() => world.close());

const graphRequests = (): string[] =>
	world.server.requests.filter((request) => request.includes('model.onnx'));

describe('installing a variant', () => {
	it('gives back what splitSkeleton makes of the file, and every text', async () => {
		const { hub } = await world.openTab();
		await hub.install('toy', 'fp32');
		const opened = await hub.open('toy', 'fp32');
		const files = toyFiles();
		const expected = await splitSkeleton(files.get('onnx/model.onnx') ?? new Uint8Array());
		expect(opened.graph.skeleton).toEqual(expected.skeleton);
		expect(opened.graph.externalData.map(({ path }) => path)).toEqual(
			expected.blobs.map(({ location }) => location)
		);
		for (const [i, { data, bytes }] of opened.graph.externalData.entries()) {
			const stored = new Uint8Array(await data.arrayBuffer());
			expect(Buffer.compare(stored, expected.blobs[i]?.bytes ?? new Uint8Array())).toBe(0);
			expect(bytes).toBe(stored.length);
		}
		expect(JSON.parse(opened.texts['config.json'] ?? '').model_type).toBe('toy');
		expect(Object.keys(opened.texts)).toEqual(['config.json', 'tokenizer.json']);
	});

	it('fetches one request a file, reports bytes to the end, asks to persist, then works offline', async () => {
		const { hub } = await world.openTab();
		const seen: Progress[] = [];
		await hub.install('toy', 'fp32', { onProgress: (progress) => seen.push(progress) });
		expect(graphRequests()).toEqual([`GET ${GRAPH}`]);
		const downloading = seen.filter(({ label }) => label.startsWith('Downloading'));
		expect(downloading.at(-1)?.done).toBe(downloading.at(-1)?.total);
		expect(world.disk.persistCalls).toBe(1);
		const before = world.server.requests.length;
		await world.server.close();
		const again = await world.openTab();
		await again.hub.install('toy', 'fp32');
		expect((await again.hub.open('toy', 'fp32')).identity).toMatch(/^[0-9a-f]{64}$/);
		const [listed] = await again.hub.list('wasm');
		expect(listed).toMatchObject({ id: 'toy', source: 'bundled', defaultVariant: 'fp32' });
		expect(world.server.requests.length).toBe(before);
	});

	it('shares weights between variants: the second fetches only what is new', async () => {
		const { hub, store } = await world.openTab();
		const first = await hub.install('toy', 'fp32');
		world.server.sent = 0;
		const second = await hub.install('toy', 'int8');
		expect(world.server.sent).toBeLessThan(300_000);
		await hub.remove({ id: 'toy', variant: 'fp32' });
		const opened = await hub.open('toy', 'int8');
		expect(opened.graph.externalData.length).toBe(2);
		const gone = chunksOf(first).filter((hash) => !chunksOf(second).includes(hash));
		expect((await store.weights.held(gone)).size).toBe(0);
	});
});

describe('interrupted downloads', () => {
	it('goes on behind the last good chunk after a cut', async () => {
		world.server.faults.set(GRAPH, { cutAfter: 8.5 * MIB, times: 1 });
		const { hub } = await world.openTab();
		await hub.install('toy', 'fp32');
		const [first, second, ...more] = graphRequests();
		expect(first).toBe(`GET ${GRAPH}`);
		const from = Number(/bytes=(\d+)-/.exec(second ?? '')?.[1]);
		expect(from).toBeGreaterThanOrEqual(8 * MIB);
		expect(from).toBeLessThan(8.5 * MIB);
		expect(more).toEqual([]);
		expect((await hub.verify({ id: 'toy' })).damaged).toEqual([]);
	});

	it('goes on in a new tab after the old one was killed, and loads nothing before', async () => {
		world.server.faults.set(GRAPH, { cutAfter: 8.5 * MIB });
		const killed = await world.openTab();
		await expect(killed.hub.install('toy', 'fp32')).rejects.toMatchObject({ code: 'network' });
		await expect(killed.hub.open('toy', 'fp32')).rejects.toMatchObject({ code: 'not-found' });
		killed.store.close();

		world.server.faults.clear();
		world.server.sent = 0;
		const { hub } = await world.openTab();
		const [listed] = await hub.list('wasm');
		const partial = listed?.variants.find(({ name }) => name === 'fp32');
		expect(partial).toMatchObject({ installed: false });
		expect(partial?.partialBytes).toBeGreaterThan(8 * MIB);
		await hub.install('toy', 'fp32');
		expect(world.server.sent).toBeLessThan(4 * MIB);
		const { graph } = await hub.open('toy', 'fp32');
		const big = new Uint8Array((await graph.externalData[0]?.data.arrayBuffer()) ?? []);
		expect(Buffer.compare(big, BIG)).toBe(0);
	});

	it('skips what it has when the server ignores ranges', async () => {
		world.server.ranges = false;
		world.server.faults.set(GRAPH, { cutAfter: 8.5 * MIB, times: 1 });
		const { hub } = await world.openTab();
		await hub.install('toy', 'fp32');
		expect((await hub.verify({ id: 'toy' })).damaged).toEqual([]);
	});

	it('survives a stalled connection and overloaded servers, and stops at Cancel', async () => {
		world.server.faults.set(GRAPH, { stallMs: 5_000, times: 1 });
		world.server.faults.set('/models/toy/config.json', {
			status: 503,
			headers: { 'retry-after': '7' },
			times: 2
		});
		const waits: number[] = [];
		const sleep = async (milliseconds: number): Promise<void> => void waits.push(milliseconds);
		const { hub } = await world.openTab({ sleep, stallMs: 1_500 });
		await hub.install('toy', 'fp32');
		expect(waits).toEqual([7000, 7000, 500]);

		await hub.remove({ id: 'toy' });
		world.server.faults.set(GRAPH, { slowMs: 30 });
		const controller = new AbortController();
		const stopped = hub.install('toy', 'fp32', {
			signal: controller.signal,
			onProgress: ({ done }) => done > MIB && controller.abort()
		});
		await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
	});

	it('gives up with a clear error after five attempts, with growing waits', async () => {
		world.server.faults.set(GRAPH, { cutAfter: 0 });
		const waits: number[] = [];
		const sleep = async (milliseconds: number): Promise<void> => void waits.push(milliseconds);
		const { hub } = await world.openTab({ sleep });
		await expect(hub.install('toy', 'fp32')).rejects.toMatchObject({
			code: 'network',
			message: expect.stringContaining('onnx/model.onnx'),
			hint: expect.stringContaining('kept')
		});
		expect(waits).toEqual([500, 1000, 2000, 4000]);
		expect(graphRequests().length).toBe(5);
	});
});

describe('wrong bytes', () => {
	it('fetches a corrupted chunk once more, and only that', async () => {
		world.server.faults.set(GRAPH, { flip: 9 * MIB + 100_000, times: 1 });
		const { hub } = await world.openTab();
		await hub.install('toy', 'fp32');
		expect(graphRequests().length).toBe(2);
		expect((await hub.verify({ id: 'toy' })).damaged).toEqual([]);
	});

	it('refuses a file that stays wrong, naming it, and keeps nothing of the bad chunk', async () => {
		world.server.faults.set(GRAPH, { flip: 9 * MIB + 100_000 });
		const { hub } = await world.openTab();
		await expect(hub.install('toy', 'fp32')).rejects.toMatchObject({
			code: 'verification',
			message: expect.stringContaining('"onnx/model.onnx"')
		});
		await expect(hub.open('toy', 'fp32')).rejects.toMatchObject({ code: 'not-found' });
	});

	it('names a missing file and a page in its place', async () => {
		world.server.faults.set(GRAPH, { status: 404 });
		const { hub } = await world.openTab();
		await expect(hub.install('toy', 'fp32')).rejects.toMatchObject({
			code: 'not-found',
			message: expect.stringContaining('onnx/model.onnx')
		});
		world.server.faults.set(GRAPH, { headers: { 'content-type': 'text/html' } });
		await expect(hub.install('toy', 'fp32')).rejects.toMatchObject({
			code: 'not-found',
			message: expect.stringContaining('web page')
		});
	});

	it('takes the new version whole when the site changes between attempts', async () => {
		world.server.faults.set(GRAPH, { cutAfter: 8.5 * MIB });
		const { hub } = await world.openTab();
		await expect(hub.install('toy', 'fp32')).rejects.toMatchObject({ code: 'network' });
		world.server.faults.clear();
		await publish(world, toyFiles(99));
		const record = await hub.install('toy', 'fp32');
		const expected = await splitSkeleton(toyFiles(99).get('onnx/model.onnx') ?? new Uint8Array());
		expect(record.graphs[0]?.weights.map(({ sha256 }) => sha256)).toEqual(
			expected.blobs.map(({ sha256 }) => sha256)
		);
	});

	it('starts over with the current list when the site changes during the download', async () => {
		const old = [...world.server.files];
		await publish(world, toyFiles(99));
		const current = world.server.files.get('/models/toy/manifest.json');
		for (const [path, bytes] of old) {
			if (path.endsWith('manifest.json')) world.server.files.set(path, bytes);
		}
		// An intermediary gives the old list until it is asked to go past its cache.
		const fetchStale: typeof fetch = (input, init) => {
			if (init?.cache === 'reload' && String(input).endsWith('manifest.json') && current) {
				world.server.files.set('/models/toy/manifest.json', current);
			}
			return fetch(input, init);
		};
		const { hub } = await world.openTab({ fetch: fetchStale });
		const record = await hub.install('toy', 'fp32');
		const expected = await splitSkeleton(toyFiles(99).get('onnx/model.onnx') ?? new Uint8Array());
		expect(record.graphs[0]?.weights.map(({ sha256 }) => sha256)).toEqual(
			expected.blobs.map(({ sha256 }) => sha256)
		);
	});
});

describe('full storage', () => {
	it('says before the download what is needed and what is left', async () => {
		world.disk.usage = world.disk.quota - 5 * MIB;
		const { hub } = await world.openTab();
		await expect(hub.install('toy', 'fp32')).rejects.toMatchObject({
			code: 'quota',
			message: expect.stringMatching(/needs 12 MB .* has 5\.2 MB left/)
		});
		expect(graphRequests()).toEqual([]);
	});

	it('keeps what fitted when the disk fills half-way, and goes on from there', async () => {
		const { hub } = await world.openTab();
		let room = 2;
		const original = IDBObjectStore.prototype.put;
		IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args) {
			if (this.name === 'chunks' && args[0] instanceof Blob && room-- <= 0) {
				throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
			}
			return original.apply(this, args);
		};
		try {
			await expect(hub.install('toy', 'fp32')).rejects.toMatchObject({
				code: 'quota',
				hint: expect.stringContaining('kept')
			});
		} finally {
			IDBObjectStore.prototype.put = original;
		}
		await expect(hub.open('toy', 'fp32')).rejects.toMatchObject({ code: 'not-found' });
		world.server.sent = 0;
		await hub.install('toy', 'fp32');
		expect(world.server.sent).toBeLessThan(5 * MIB);
		expect((await hub.verify({ id: 'toy' })).damaged).toEqual([]);
	});
});

describe('several tabs', () => {
	it('downloads once; the second waits, sees the progress and finds it installed', async () => {
		world.server.faults.set(GRAPH, { slowMs: 40 });
		const [a, b] = [await world.openTab(), await world.openTab()];
		const seen: Progress[] = [];
		const [first, second] = await Promise.all([
			a.hub.install('toy', 'fp32'),
			b.hub.install('toy', 'fp32', { onProgress: (progress) => seen.push(progress) })
		]);
		expect(second.identity).toBe(first.identity);
		expect(graphRequests().length).toBe(1);
		expect(seen.some(({ done }) => done > 0)).toBe(true);
	});

	it('also ends well without Web Locks, where both download', async () => {
		const a = await world.openTab({ locks: localLocks() });
		const b = await world.openTab({ locks: localLocks() });
		const [first, second] = await Promise.all([
			a.hub.install('toy', 'fp32'),
			b.hub.install('toy', 'fp32')
		]);
		expect(second.identity).toBe(first.identity);
		expect((await a.hub.verify({ id: 'toy' })).damaged).toEqual([]);
	});

	it('ends the install of a model that another tab deletes meanwhile', async () => {
		world.server.faults.set(GRAPH, { slowMs: 30 });
		const [a, b] = [await world.openTab(), await world.openTab()];
		let deleted: Promise<void> | undefined;
		const installing = a.hub.install('toy', 'fp32', {
			onProgress: ({ done }) => {
				if (done > 9 * MIB) deleted ??= b.hub.remove({ id: 'toy' });
			}
		});
		await expect(installing).rejects.toMatchObject({ code: 'aborted' });
		await deleted;
		await expect(a.hub.open('toy', 'fp32')).rejects.toMatchObject({ code: 'not-found' });
	});
});
