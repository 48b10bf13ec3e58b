import type { StudioClient } from '#lib/studio/client.ts';

/** Milliseconds to read every stored chunk of the studio's database once, and how many bytes. */
export async function readStoreRaw(): Promise<{ ms: number; bytes: number }> {
	const started = performance.now();
	const database = await openNewest();
	let bytes = 0;
	for (const name of database.objectStoreNames) {
		const values = await all(database.transaction(name).objectStore(name));
		for (const value of values) bytes += await bytesOf(value);
	}
	database.close();
	return { ms: performance.now() - started, bytes };
}

async function openNewest(): Promise<IDBDatabase> {
	const [info] = await indexedDB.databases();
	const name = info?.name;
	if (!name) throw new Error('the studio has stored nothing yet');
	return promised(indexedDB.open(name));
}

const all = (store: IDBObjectStore): Promise<unknown[]> => promised(store.getAll());

async function bytesOf(value: unknown): Promise<number> {
	if (value instanceof Uint8Array) return value.byteLength;
	return value instanceof Blob ? (await value.arrayBuffer()).byteLength : 0;
}

function promised<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error ?? new Error('IndexedDB request failed'));
	});
}

/** Milliseconds until a fresh worker has an installed model ready. */
export async function reopen(client: StudioClient, variant: string): Promise<number> {
	const started = performance.now();
	await client.loadModel({ id: 'storyteller', variant });
	return performance.now() - started;
}
