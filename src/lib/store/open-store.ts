import type { ConnectionOptions } from './connection.ts';
import { openIndexedDb } from './indexeddb-store.ts';
import { memoryStore } from './memory-store.ts';
import { storageError } from './storage-error.ts';
import type { StudioStore } from './studio-store.ts';

export interface StoreOptions extends ConnectionOptions {
	/** False keeps everything in memory, for embeds that must not store. */
	readonly persist: boolean;
	readonly name?: string;
}

/**
 * Opens IndexedDB, or memory where the browser offers none: the studio then works, forgets when
 * it closes, and `reason` says why.
 * @throws StudioError `storage` when data are there but cannot be opened (an update is blocked or
 * they are newer than this page): falling back would hide a person's models
 */
export async function openStore({ persist, name, ...options }: StoreOptions): Promise<StudioStore> {
	if (!persist) return memoryStore('This page was asked to keep nothing on the machine.');
	if (!hasIndexedDb()) {
		return memoryStore('This browser offers no IndexedDB here (a private window or a sandbox).');
	}
	try {
		return await openIndexedDb(name, options);
	} catch (error) {
		const failure = storageError(error, 'opening its database');
		const cause = failure.cause;
		if (cause === undefined || (cause instanceof Error && cause.name === 'VersionError')) {
			throw failure;
		}
		return memoryStore(
			'This browser refuses to store data here (a private window, a sandbox or its settings).'
		);
	}
}

/** Reading the property itself throws in some sandboxed frames. */
function hasIndexedDb(): boolean {
	try {
		return typeof indexedDB !== 'undefined' && indexedDB !== null;
	} catch {
		return false;
	}
}
