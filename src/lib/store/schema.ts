import type { DBSchema, IDBPDatabase } from 'idb';
import type { HistoryEntry } from '../core/history.ts';
import type { InstalledVariant, Lease } from './records.ts';

export const DATABASE = 'vitrine';

/** Small chunks lie inside the database, larger ones as Blobs beside it, which load lazily. */
export type ChunkValue = Blob | Uint8Array<ArrayBuffer>;

/** Tables of the database, at the newest version. */
export interface StudioSchema extends DBSchema {
	/** Key: SHA-256 of the content. */
	chunks: { key: string; value: ChunkValue };
	/** Key: `[id, variant]`. Only complete variants. */
	variants: { key: [string, string]; value: InstalledVariant };
	/** Key: {@link Lease.key}. */
	leases: { key: string; value: Lease };
	history: { key: string; value: HistoryEntry; indexes: { savedAt: number } };
	settings: { key: string; value: unknown };
}

export type StudioDatabase = IDBPDatabase<StudioSchema>;

/**
 * What each version adds to the one before; version n is `UPGRADES[n - 1]`. Released steps are
 * never changed: a new need is a new step.
 */
export const UPGRADES: readonly ((database: StudioDatabase) => void)[] = [
	(database) => {
		database.createObjectStore('chunks');
		database.createObjectStore('variants', { keyPath: ['id', 'variant'] });
		database.createObjectStore('leases', { keyPath: 'key' });
		const history = database.createObjectStore('history', { keyPath: 'id' });
		history.createIndex('savedAt', 'savedAt');
		database.createObjectStore('settings');
	}
];
