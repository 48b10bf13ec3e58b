import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BIG, hubWorld, toyFiles } from '../../../tests/support/hub/hub-world.ts';
import type { HubWorld } from '../../../tests/support/hub/hub-world.ts';
import { splitSkeleton } from '../graph/skeleton.ts';
import type { Hub } from './hub.ts';

const FILE = '/someone/toy/resolve/main/onnx/model.onnx';
const TREE = '/api/models/someone/toy/tree/main?recursive=true';
const MIB = 1024 * 1024;

let world: HubWorld;
let hub: Hub;
beforeEach(async () => {
	world = await hubWorld();
	serve();
	({ hub } = await world.openTab());
});
afterEach(() => world.close());

/** Lays files out as a hub does: large ones with their SHA-256, small ones without. */
function serve(files = toyFiles(), hashes = true): void {
	const rows = [...files].map(([path, bytes]) => {
		world.server.files.set(`/someone/toy/resolve/main/${path}`, bytes);
		const oid = createHash('sha256').update(bytes).digest('hex');
		const lfs = hashes && path.endsWith('.onnx') ? { lfs: { oid, size: bytes.length } } : {};
		return { type: 'file', path, size: bytes.length, ...lfs };
	});
	const folder = { type: 'directory', path: 'onnx', size: 0 };
	world.server.files.set(TREE, new TextEncoder().encode(JSON.stringify([folder, ...rows])));
}

const graphRequests = (): string[] =>
	world.server.requests.filter((request) => request.includes('model.onnx'));

const add = (): Promise<{ id: string }> => hub.addRepository(world.server.url, 'someone/toy');

/** The first and last bytes of what is installed must be of one version. */
async function installedBytes(id: string): Promise<Uint8Array[]> {
	const { graph } = await hub.open(id, 'fp32');
	const buffers = await Promise.all(graph.externalData.map(({ data }) => data.arrayBuffer()));
	return buffers.map((buffer) => new Uint8Array(buffer));
}

describe('a repository of a hub', () => {
	it('is listed with its variants, and installs', async () => {
		const summary = await hub.addRepository(world.server.url, 'someone/toy');
		expect(summary).toMatchObject({ id: 'hub-someone--toy', source: 'hub', title: 'toy' });
		expect(summary.variants.map(({ name }) => name)).toEqual(['fp32', 'int8']);
		await hub.install(summary.id, 'fp32');
		const [big] = await installedBytes(summary.id);
		expect(Buffer.compare(big ?? new Uint8Array(), BIG)).toBe(0);
		expect((await hub.verify({ id: summary.id })).damaged).toEqual([]);
		await hub.remove({ id: summary.id });
		expect(await hub.list('wasm')).toEqual([]);
	});

	it('reads every page of the list of files', async () => {
		const { files, faults, url } = world.server;
		const rows = JSON.parse(new TextDecoder().decode(files.get(TREE))) as unknown[];
		const put = (path: string, part: unknown[]): void =>
			void files.set(path, new TextEncoder().encode(JSON.stringify(part)));
		put(TREE, rows.slice(0, 3));
		put('/page2', rows.slice(3));
		faults.set(TREE, { headers: { link: `<${url}page2>; rel="next"` } });
		const summary = await hub.addRepository(url, 'someone/toy');
		expect(summary.variants.length).toBe(2);
	});

	it('resumes a cut download when the ETag is the same', async () => {
		world.server.faults.set(FILE, { cutAfter: 9 * MIB, times: 1 });
		const { id } = await add();
		await hub.install(id, 'fp32');
		expect(graphRequests()).toEqual([
			`GET ${FILE}`,
			`GET ${FILE} bytes=${8 * MIB}-${(toyFiles().get('onnx/model.onnx')?.length ?? 0) - 1}`
		]);
		expect((await hub.verify({ id })).damaged).toEqual([]);
	});

	it.each([[true], [false]])(
		'never mixes two versions when the file changes between attempts (ranges: %s)',
		async (ranges) => {
			// No hashes at all: only the ETag tells the versions apart.
			serve(toyFiles(5), false);
			world.server.ranges = ranges;
			world.server.faults.set(FILE, { cutAfter: 9 * MIB });
			const { id } = await add();
			await expect(hub.install(id, 'fp32')).rejects.toMatchObject({ code: 'network' });
			world.server.faults.clear();
			const changed = toyFiles(99);
			serve(changed, false);
			world.server.requests.length = 0;
			await hub.install(id, 'fp32');
			// Ranges: the resumed part has another ETag and is dropped. Else the whole comes at once.
			expect(graphRequests().length).toBe(ranges ? 2 : 1);
			const again = await cleanWeights(changed);
			// Not toEqual: it takes minutes on megabytes.
			const found = await installedBytes(id);
			expect(found.length).toBe(again.length);
			expect(found.map((bytes, i) => Buffer.compare(bytes, again[i] ?? bytes))).toEqual([0, 0, 0]);
		}
	);

	it('starts over without an ETag, and gives up on a connection that never lasts', async () => {
		world.server.etags = false;
		world.server.faults.set(FILE, { cutAfter: 9 * MIB, times: 1 });
		const { id } = await add();
		await hub.install(id, 'fp32');
		expect((await hub.verify({ id })).damaged).toEqual([]);
		await hub.remove({ id, variant: 'fp32' });
		world.server.faults.set(FILE, { cutAfter: 9 * MIB });
		await expect(hub.install(id, 'fp32')).rejects.toMatchObject({ code: 'network' });
	});

	it('refuses a file with another SHA-256 than the hub lists', async () => {
		const { id } = await add();
		world.server.faults.set(FILE, { flip: 9 * MIB + 7, times: 1 });
		await hub.install(id, 'fp32');
		expect((await hub.verify({ id })).damaged).toEqual([]);
		await hub.remove({ id, variant: 'fp32' });
		world.server.faults.set(FILE, { flip: 9 * MIB + 7 });
		await expect(hub.install(id, 'fp32')).rejects.toMatchObject({
			code: 'verification',
			message: expect.stringContaining('onnx/model.onnx')
		});
		await expect(hub.open(id, 'fp32')).rejects.toMatchObject({ code: 'not-found' });
	});

	it('says what is wrong with the name, the hub or the repository', async () => {
		const { url, files } = world.server;
		await expect(hub.addRepository(url, 'no name')).rejects.toMatchObject({ code: 'bad-input' });
		await expect(hub.addRepository(url, 'a/b')).rejects.toMatchObject({ code: 'not-found' });
		files.set(TREE, new TextEncoder().encode('[]'));
		await expect(hub.addRepository(url, 'someone/toy')).rejects.toMatchObject({
			code: 'unsupported',
			hint: expect.stringContaining('onnx')
		});
	});
});

/** The weights that these files hold. */
async function cleanWeights(files: ReturnType<typeof toyFiles>): Promise<readonly Uint8Array[]> {
	const { blobs } = await splitSkeleton(files.get('onnx/model.onnx') ?? new Uint8Array());
	return blobs.map(({ bytes }) => bytes);
}
