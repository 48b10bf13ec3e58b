import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../core/history.ts';
import { openIndexedDb } from './indexeddb-store.ts';
import { memoryStore } from './memory-store.ts';
import { openStore } from './open-store.ts';
import type { InstalledVariant, Lease } from './records.ts';
import type { StudioDatabase } from './schema.ts';
import { DATABASE, UPGRADES } from './schema.ts';
import type { StudioStore } from './studio-store.ts';

beforeEach(() => {
	globalThis.indexedDB = new IDBFactory();
});

const bytesOf = (value: number, size = 100): Uint8Array<ArrayBuffer> =>
	new Uint8Array(size).fill(value);

function record(id: string, variant: string, chunks: readonly string[]): InstalledVariant {
	return {
		...{ id, variant, title: id, task: 'other', description: '', licence: '', file: 'm.onnx' },
		address: { kind: 'site' },
		files: chunks.map((sha256) => ({ path: sha256, sha256, size: 100, chunks: [sha256] })),
		graphs: [],
		...{ identity: '', bytes: 100 * chunks.length, installedAt: 0 }
	};
}

function lease(key: string, chunks: readonly string[]): Lease {
	const [id = '', variant = ''] = key.split('/');
	return {
		...{ key, purpose: 'download', id, variant, partial: [] },
		chunks: chunks.map((sha256) => ({ sha256, size: 100 }))
	};
}

const KINDS: readonly [string, () => Promise<StudioStore>][] = [
	['IndexedDB', () => openIndexedDb()],
	['memory', async () => memoryStore('for the test')]
];

describe.each(KINDS)('weights in %s', (_kind, open) => {
	let store: StudioStore;
	beforeEach(async () => {
		store = await open();
	});
	afterEach(() => store.close());

	async function install(id: string, hashes: readonly string[]): Promise<void> {
		const claim = lease(`${id}/v`, hashes);
		await store.weights.saveLease(claim);
		const chunks = hashes.map((sha256) => ({ sha256, bytes: bytesOf(sha256.charCodeAt(0)) }));
		await store.weights.write(chunks, claim);
		expect(await store.weights.commit([record(id, 'v', hashes)], claim.key)).toEqual([]);
	}

	it('keeps small and large chunks exactly', async () => {
		const { weights } = store;
		const large = bytesOf(7, 200_000);
		await weights.saveLease(lease('m/v', ['s', 'l']));
		const chunks = [
			// A view on a larger buffer must be kept as the view.
			{ sha256: 's', bytes: bytesOf(3, 500).subarray(10, 20) },
			{ sha256: 'l', bytes: large }
		];
		await weights.write(chunks, lease('m/v', ['s', 'l']));
		const [small, big, none] = await weights.read(['s', 'l', 'x']);
		expect(new Uint8Array((await small?.arrayBuffer()) ?? [])).toEqual(bytesOf(3, 10));
		expect(Buffer.compare(new Uint8Array((await big?.arrayBuffer()) ?? []), large)).toBe(0);
		expect(none).toBeUndefined();
		expect(await weights.held(['s', 'x'])).toEqual(new Set(['s']));
	});

	it('does not commit what is incomplete', async () => {
		const { weights } = store;
		await weights.saveLease(lease('m/v', ['a', 'b']));
		await weights.write([{ sha256: 'a', bytes: bytesOf(1) }], lease('m/v', ['a', 'b']));
		expect(await weights.commit([record('m', 'v', ['a', 'b'])], 'm/v')).toEqual(['b']);
		expect(await weights.find('m', 'v')).toBeUndefined();
		expect(await weights.lease('m/v')).toBeDefined();
	});

	it('deletes a chunk with the last record or lease that names it', async () => {
		const { weights } = store;
		await install('one', ['a', 'b']);
		await install('two', ['b', 'c']);
		await weights.remove('one');
		expect(await weights.held(['a', 'b', 'c'])).toEqual(new Set(['b', 'c']));
		await weights.saveLease(lease('three/v', ['c']));
		await weights.remove('two', 'v');
		expect(await weights.held(['b', 'c'])).toEqual(new Set(['c']));
		await weights.dropLease('three/v');
		expect(await weights.held(['c'])).toEqual(new Set());
		expect(await weights.installed()).toEqual([]);
	});

	it('writes nothing under a lease that is gone', async () => {
		const { weights } = store;
		await weights.saveLease(lease('m/v', ['a']));
		await weights.remove('m');
		const late = weights.write([{ sha256: 'a', bytes: bytesOf(1) }], lease('m/v', ['a']));
		await expect(late).rejects.toMatchObject({ code: 'aborted' });
		expect(await weights.held(['a'])).toEqual(new Set());
	});

	it('replaces a model’s other variants only when told to', async () => {
		const { weights } = store;
		await install('m', ['a']);
		await weights.saveLease(lease('m/w', ['a']));
		await weights.commit([record('m', 'w', ['a'])], 'm/w');
		expect((await weights.installed()).map(({ variant }) => variant).sort()).toEqual(['v', 'w']);
		await weights.commit([record('m', 'w', ['a'])], 'm/w', true);
		expect((await weights.installed()).map(({ variant }) => variant)).toEqual(['w']);
	});
});

describe.each(KINDS)('history and settings in %s', (_kind, open) => {
	it('lists newest first, replaces by id, deletes and clears', async () => {
		const { history, close } = await open();
		const passage = {} as HistoryEntry['passage'];
		for (const [id, savedAt] of [
			['a', 1],
			['b', 3],
			['c', 2],
			['a', 4]
		] as const) {
			await history.append({ id, savedAt, passage });
		}
		expect((await history.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
		await history.remove('b');
		await history.remove('unknown');
		expect((await history.list()).map(({ id }) => id)).toEqual(['a', 'c']);
		await history.clear();
		expect(await history.list()).toEqual([]);
		close();
	});

	it('keeps settings by name', async () => {
		const { settings, close } = await open();
		expect(await settings.get('x')).toBeUndefined();
		await settings.set('x', { dark: true });
		expect(await settings.get('x')).toEqual({ dark: true });
		await settings.remove('x');
		expect(await settings.get('x')).toBeUndefined();
		close();
	});
});

describe('opening the store', () => {
	it('falls back to memory, and says why, where storage is absent or refused', async () => {
		const real = globalThis.indexedDB;
		const refuse = {
			open: () => {
				throw new DOMException('denied', 'SecurityError');
			}
		};
		for (const absent of [undefined, refuse as unknown as IDBFactory]) {
			Object.defineProperty(globalThis, 'indexedDB', {
				value: absent,
				configurable: true,
				writable: true
			});
			const store = await openStore({ persist: true });
			expect(store.kind).toBe('memory');
			expect(store.reason).toMatch(/private window/);
		}
		globalThis.indexedDB = real;
		expect((await openStore({ persist: false })).kind).toBe('memory');
		const store = await openStore({ persist: true });
		expect(store.kind).toBe('indexeddb');
		store.close();
	});

	it('refuses data of a newer version instead of hiding them', async () => {
		(await openDB(DATABASE, UPGRADES.length + 1)).close();
		await expect(openStore({ persist: true })).rejects.toMatchObject({
			code: 'storage',
			hint: expect.stringContaining('Reload')
		});
	});

	it('upgrades step by step and keeps what was there; the old tab is told to reload', async () => {
		const old = await openStore({ persist: true });
		await old.settings.set('kept', 1);
		const added = (database: StudioDatabase): void => {
			(database as unknown as IDBDatabase).createObjectStore('later');
		};
		const upgraded = await openStore({ persist: true, upgrades: [...UPGRADES, added] });
		expect(await upgraded.settings.get('kept')).toBe(1);
		await expect(old.settings.get('kept')).rejects.toMatchObject({
			code: 'storage',
			message: expect.stringContaining('Another tab')
		});
		upgraded.close();
	});

	it('names the tab that blocks an upgrade, and does not hang', async () => {
		// A tab that ignores the request to close, as a frozen one does.
		const frozen = await openDB(DATABASE, 1, {
			upgrade: (database) => UPGRADES[0]?.(database as unknown as StudioDatabase)
		});
		const opening = openStore({
			persist: true,
			upgrades: [...UPGRADES, () => undefined],
			patience: 50
		});
		await expect(opening).rejects.toMatchObject({
			code: 'storage',
			hint: expect.stringContaining('Close the other tabs')
		});
		frozen.close();
	});

	it('keeps models across instances, as a reload does', async () => {
		const first = await openStore({ persist: true });
		await first.weights.saveLease(lease('m/v', ['a']));
		await first.weights.write([{ sha256: 'a', bytes: bytesOf(1) }], lease('m/v', ['a']));
		await first.weights.commit([record('m', 'v', ['a'])], 'm/v');
		first.close();
		const second = await openStore({ persist: true });
		expect((await second.weights.find('m', 'v'))?.files.length).toBe(1);
		second.close();
	});
});
