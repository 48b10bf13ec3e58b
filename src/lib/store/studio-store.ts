import type { HistoryStore } from '../core/history.ts';
import type { Chunk, InstalledVariant, Lease } from './records.ts';

/**
 * Chunks by their SHA-256, and the records and leases that hold on to them. A chunk that neither
 * names any more is deleted with the last of them, so models share what they have in common.
 * Every method rejects with StudioError `quota` (nothing of that call was kept) or `storage`.
 */
export interface WeightStore {
	/** Which of these chunks are there. */
	held(hashes: readonly string[]): Promise<ReadonlySet<string>>;
	/** The chunks, in the order asked; undefined where one is absent or unreadable. */
	read(hashes: readonly string[]): Promise<readonly (Blob | undefined)[]>;
	/**
	 * Keeps chunks together with the lease that claims them, in one transaction. The caller has
	 * verified that each hash is that of its bytes. Without a lease the chunks must belong to a
	 * record (repair).
	 * @throws StudioError `aborted` when the lease is gone: the model was deleted meanwhile
	 */
	write(chunks: readonly Chunk[], lease?: Lease): Promise<void>;
	/** Deletes damaged chunks, whoever names them: what cannot be trusted must not load. */
	discard(hashes: readonly string[]): Promise<void>;
	lease(key: string): Promise<Lease | undefined>;
	leases(): Promise<readonly Lease[]>;
	/** Writes a lease and deletes chunks that nothing names any more. */
	saveLease(lease: Lease): Promise<void>;
	/** Gives up an unfinished installation and deletes what only it named. */
	dropLease(key: string): Promise<void>;
	/**
	 * Makes variants visible and ends the lease, in one transaction.
	 * @param replace also removes every other variant of the same model
	 * @returns hashes of chunks that are missing; nothing was committed unless it is empty
	 */
	commit(
		records: readonly InstalledVariant[],
		lease: string,
		replace?: boolean
	): Promise<readonly string[]>;
	installed(): Promise<readonly InstalledVariant[]>;
	find(id: string, variant: string): Promise<InstalledVariant | undefined>;
	/** Deletes a variant (all of a model when none is named) with its leases and unshared chunks. */
	remove(id: string, variant?: string): Promise<void>;
}

/** Small values by name (preferences, the last known catalogue). */
export interface SettingsStore {
	/** The value written last; undefined when there is none. The caller checks its shape. */
	get(key: string): Promise<unknown>;
	/** Keeps a structured-cloneable value. */
	set(key: string, value: unknown): Promise<void>;
	remove(key: string): Promise<void>;
}

/** Everything that the studio keeps on this machine. */
export interface StudioStore {
	readonly kind: 'indexeddb' | 'memory';
	/** Why there is no lasting storage, in one sentence; undefined with IndexedDB. */
	readonly reason: string | undefined;
	readonly weights: WeightStore;
	readonly history: HistoryStore;
	readonly settings: SettingsStore;
	close(): void;
}
