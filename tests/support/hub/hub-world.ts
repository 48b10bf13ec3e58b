import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { vi } from 'vitest';
import type { LocalFile } from '#lib/core/catalogue.ts';
import { browserEnvironment } from '#lib/hub/browser-environment.ts';
import { buildManifest } from '#lib/hub/build-manifest.ts';
import type { ModelCard } from '#lib/hub/build-manifest.ts';
import { createHub } from '#lib/hub/create-hub.ts';
import type { HubEnvironment } from '#lib/hub/environment.ts';
import type { Hub } from '#lib/hub/hub.ts';
import { localLocks } from '#lib/hub/local-locks.ts';
import { entryOf } from '#lib/hub/manifest.ts';
import { sha256 } from '#lib/hub/sha256.ts';
import { openStore } from '#lib/store/open-store.ts';
import type { StudioStore } from '#lib/store/studio-store.ts';
import type { FlakyServer } from './flaky-server.ts';
import { flakyServer } from './flaky-server.ts';
import { randomBytes, tinyOnnx } from './tiny-onnx.ts';

// The toy model is larger than a chunk; a busy machine takes its time to hash it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** A browser for tests: one origin's storage, a server, and as many tabs as wanted. */
export interface HubWorld {
	readonly server: FlakyServer;
	readonly environment: HubEnvironment;
	/** Storage manager's state. */
	readonly disk: { usage: number; quota: number; persisted: boolean; persistCalls: number };
	/** Opens the store and hub as a new tab or worker would. */
	openTab(changes?: Partial<HubEnvironment>): Promise<{ hub: Hub; store: StudioStore }>;
	close(): Promise<void>;
}

/** Starts a world with empty storage. */
export async function hubWorld(): Promise<HubWorld> {
	globalThis.indexedDB = new IDBFactory();
	const server = await flakyServer();
	const disk = { usage: 0, quota: 10e9, persisted: false, persistCalls: 0 };
	const environment = worldEnvironment(disk);
	const stores: StudioStore[] = [];
	return {
		server,
		environment,
		disk,
		openTab: async (changes = {}) => {
			const store = await openStore({ persist: true });
			stores.push(store);
			const hub = await createHub({
				baseUrl: server.url,
				persist: true,
				store,
				environment: { ...environment, ...changes }
			});
			return { hub, store };
		},
		close: async () => {
			for (const store of stores) store.close();
			await server.close();
		}
	};
}

function worldEnvironment(disk: HubWorld['disk']): HubEnvironment {
	const listeners = new Set<(message: unknown) => void>();
	return {
		...browserEnvironment(),
		locks: localLocks(),
		channel: {
			post: (message) => listeners.forEach((listener) => listener(structuredClone(message))),
			listen: (listener) => {
				listeners.add(listener);
				return () => listeners.delete(listener);
			}
		},
		storage: {
			estimate: async () => ({ usage: disk.usage, quota: disk.quota }),
			persisted: async () => disk.persisted,
			persist: async () => {
				disk.persistCalls += 1;
				disk.persisted = true;
				return true;
			}
		},
		sleep: async () => undefined,
		stallMs: 20_000
	};
}

export const TOY_CARD: ModelCard = {
	title: 'Toy',
	task: 'text-generation',
	description: 'A model for tests.',
	licence: 'MIT',
	defaults: { wasm: 'fp32', webgpu: 'int8', lowMemory: 'int8' }
};

export const BIG = randomBytes(9 * 1024 * 1024, 1);
const SHARED = randomBytes(300_000, 2);
const OWN = randomBytes(70_000, 3);
const SMALL = randomBytes(500, 4);

const graphs = new Map<number, Uint8Array<ArrayBuffer>>();

/** The larger graph, with a weight that spans two chunks; made once a seed. */
function bigGraph(seed: number): Uint8Array<ArrayBuffer> {
	const made = graphs.get(seed);
	if (made) return made;
	const graph = tinyOnnx([
		{ name: 'big', bytes: BIG },
		{ name: 'shared', bytes: SHARED },
		{ name: 'tail', bytes: randomBytes(2_000_000, seed) },
		{ name: 'small', bytes: SMALL }
	]);
	graphs.set(seed, graph);
	return graph;
}

const text = (value: unknown): Uint8Array<ArrayBuffer> =>
	new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;

/** Two variants that share a weight; the first has one larger than a chunk. */
export function toyFiles(seed = 5): Map<string, Uint8Array<ArrayBuffer>> {
	return new Map([
		['config.json', text({ model_type: 'toy', architectures: ['ToyForCausalLM'], vocab_size: 8 })],
		['tokenizer.json', text({ model: { type: 'BPE', vocab: { a: 0 } } })],
		['onnx/model.onnx', bigGraph(seed)],
		[
			'onnx/model_quantized.onnx',
			tinyOnnx([
				{ name: 'shared', bytes: SHARED },
				{ name: 'own', bytes: OWN },
				{ name: 'small', bytes: SMALL }
			])
		]
	]);
}

/** Puts files, their manifest and the index on the server, as a build would. */
export async function publish(
	{ server }: Pick<HubWorld, 'server'>,
	files = toyFiles(),
	id = 'toy'
): Promise<void> {
	const list = [...files].map(([path, bytes]) => ({ path, bytes }));
	const manifest = await buildManifest(id, TOY_CARD, list, sha256);
	const put = (path: string, value: unknown): void =>
		void server.files.set(path, new TextEncoder().encode(JSON.stringify(value)));
	for (const [path, bytes] of files) server.files.set(`/models/${id}/${path}`, bytes);
	put(`/models/${id}/manifest.json`, manifest);
	put('/models/index.json', { schema: 1, models: [entryOf(manifest)] });
}

/** Files as a folder picker gives them. */
export function localFiles(
	files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
	folder = 'my model'
): LocalFile[] {
	return [...files].map(([path, bytes]) => ({
		path: `${folder}/${path}`,
		blob: new Blob([bytes])
	}));
}
