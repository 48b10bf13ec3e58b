import type { IDBPTransaction } from 'idb';
import type { Connection } from './connection.ts';
import type { Chunk, InstalledVariant } from './records.ts';
import { chunksOf } from './records.ts';
import { leaseGone, referencedChunks } from './references.ts';
import type { ChunkValue, StudioDatabase, StudioSchema } from './schema.ts';
import type { WeightStore } from './studio-store.ts';

/** Chunks from this size on are Blobs: smaller ones are cheaper inside the database's own pages. */
const BLOB_FROM = 64 * 1024;

const TABLES = ['chunks', 'variants', 'leases'] as const;
type WriteTransaction = IDBPTransaction<StudioSchema, (typeof TABLES)[number][], 'readwrite'>;

/** The {@link WeightStore} in IndexedDB. */
export function indexedDbWeights(connection: Connection): WeightStore {
	return { ...chunkTable(connection), ...leaseTable(connection), ...variantTable(connection) };
}

function chunkTable({ use }: Connection): Pick<WeightStore, 'held' | 'read' | 'write' | 'discard'> {
	return {
		held: (hashes) =>
			use('looking for stored weights', async (database) => {
				const { store } = database.transaction('chunks');
				const keys = await Promise.all(hashes.map((hash) => store.getKey(hash)));
				return new Set(keys.filter((key) => key !== undefined));
			}),
		read: (hashes) =>
			use('reading a model', async (database) => {
				const { store } = database.transaction('chunks');
				const values = await Promise.all(hashes.map((hash) => store.get(hash)));
				return values.map((value) => (value === undefined ? undefined : asBlob(value)));
			}),
		write: (chunks, lease) =>
			use('writing a model', (database) =>
				update(database, async (transaction) => {
					const leases = transaction.objectStore('leases');
					if (lease && !(await leases.getKey(lease.key))) throw leaseGone();
					if (lease) await leases.put(lease);
					const store = transaction.objectStore('chunks');
					await all(chunks, (chunk) => store.put(chunkValue(chunk), chunk.sha256));
				})
			),
		discard: (hashes) =>
			use('removing damaged weights', (database) =>
				update(database, async (transaction) => {
					const store = transaction.objectStore('chunks');
					await all(hashes, (hash) => store.delete(hash));
				})
			)
	};
}

function leaseTable({
	use
}: Connection): Pick<WeightStore, 'lease' | 'leases' | 'saveLease' | 'dropLease'> {
	return {
		lease: (key) => use('reading a download', (database) => database.get('leases', key)),
		leases: () => use('reading downloads', (database) => database.getAll('leases')),
		saveLease: (lease) =>
			use('noting a download', (database) =>
				update(database, async (transaction) => {
					await transaction.objectStore('leases').put(lease);
					await sweep(transaction);
				})
			),
		dropLease: (key) =>
			use('giving up a download', (database) =>
				update(database, async (transaction) => {
					await transaction.objectStore('leases').delete(key);
					await sweep(transaction);
				})
			)
	};
}

function variantTable({
	use
}: Connection): Pick<WeightStore, 'commit' | 'installed' | 'find' | 'remove'> {
	return {
		commit: (records, lease, replace = false) =>
			use('finishing a model', (database) =>
				update(database, (transaction) => commit(transaction, records, lease, replace))
			),
		installed: () => use('listing models', (database) => database.getAll('variants')),
		find: (id, variant) =>
			use('looking for a model', (database) => database.get('variants', [id, variant])),
		remove: (id, variant) =>
			use('deleting a model', (database) =>
				update(database, async (transaction) => {
					await removeRecords(transaction, (key) => matches(key, id, variant));
					const leases = transaction.objectStore('leases');
					for (const lease of await leases.getAll()) {
						if (matches([lease.id, lease.variant], id, variant)) await leases.delete(lease.key);
					}
					await sweep(transaction);
				})
			)
	};
}

/** Makes requests side by side. One that throws leaves no other's failure unobserved. */
async function all<T>(items: readonly T[], request: (item: T) => Promise<unknown>): Promise<void> {
	await Promise.all(items.map(async (item) => request(item)));
}

/** Runs work in one transaction: either all of it is kept or, when anything fails, nothing. */
async function update<T>(
	database: StudioDatabase,
	work: (transaction: WriteTransaction) => Promise<T>
): Promise<T> {
	const transaction = database.transaction([...TABLES], 'readwrite');
	// `done` also rejects when a request fails: it must be observed either way.
	const done = transaction.done.then(
		() => undefined,
		(error: unknown) => ({ error: error ?? transaction.error })
	);
	let result: T;
	try {
		result = await work(transaction);
	} catch (error) {
		abort(transaction);
		const failure = await done;
		// A full disk shows in the transaction's own error, the request only says "aborted".
		throw isAbort(error) && failure ? (failure.error ?? error) : error;
	}
	const failure = await done;
	if (failure) throw failure.error;
	return result;
}

function isAbort(error: unknown): boolean {
	return error instanceof Error && error.name === 'AbortError';
}

function abort(transaction: WriteTransaction): void {
	try {
		transaction.abort();
	} catch {
		// Already aborted by the failure itself.
	}
}

async function commit(
	transaction: WriteTransaction,
	records: readonly InstalledVariant[],
	lease: string,
	replace: boolean
): Promise<readonly string[]> {
	const chunks = transaction.objectStore('chunks');
	const needed = [...new Set(records.flatMap(chunksOf))];
	const keys = await Promise.all(needed.map((hash) => chunks.getKey(hash)));
	const missing = needed.filter((_, i) => keys[i] === undefined);
	if (missing.length > 0) return missing;
	if (replace) {
		const ids = new Set(records.map(({ id }) => id));
		await removeRecords(transaction, ([id]) => ids.has(id));
	}
	for (const record of records) await transaction.objectStore('variants').put(record);
	await transaction.objectStore('leases').delete(lease);
	await sweep(transaction);
	return [];
}

async function removeRecords(
	transaction: WriteTransaction,
	which: (key: [string, string]) => boolean
): Promise<void> {
	const variants = transaction.objectStore('variants');
	for (const key of await variants.getAllKeys()) if (which(key)) await variants.delete(key);
}

function matches(key: readonly [string, string], id: string, variant: string | undefined): boolean {
	return key[0] === id && (variant === undefined || key[1] === variant);
}

/** Deletes every chunk that no record and no lease names. */
async function sweep(transaction: WriteTransaction): Promise<void> {
	const chunks = transaction.objectStore('chunks');
	const named = referencedChunks(
		await transaction.objectStore('variants').getAll(),
		await transaction.objectStore('leases').getAll()
	);
	const keys = await chunks.getAllKeys();
	const unnamed = keys.filter((key) => !named.has(key));
	await all(unnamed, (key) => chunks.delete(key));
}

function chunkValue({ bytes }: Chunk): ChunkValue {
	// A copy of its own: cloning a view would store all of the buffer it looks at.
	return bytes.length < BLOB_FROM ? bytes.slice() : new Blob([bytes]);
}

function asBlob(value: ChunkValue): Blob {
	return value instanceof Blob ? value : new Blob([value]);
}
