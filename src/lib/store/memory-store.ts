import type { HistoryEntry, HistoryStore } from '../core/history.ts';
import type { InstalledVariant, Lease } from './records.ts';
import { chunksOf } from './records.ts';
import { leaseGone, referencedChunks } from './references.ts';
import type { SettingsStore, StudioStore, WeightStore } from './studio-store.ts';

/**
 * A store that lasts as long as its worker: for private windows and sandboxed frames.
 * @param reason why there is no lasting storage, in one sentence
 */
export function memoryStore(reason: string): StudioStore {
	return {
		kind: 'memory',
		reason,
		weights: memoryWeights(),
		history: memoryHistory(),
		settings: memorySettings(),
		close: () => undefined
	};
}

function memoryWeights(): WeightStore {
	const chunks = new Map<string, Blob>();
	const variants = new Map<string, InstalledVariant>();
	const leases = new Map<string, Lease>();
	const sweep = (): void => {
		const named = referencedChunks(variants.values(), leases.values());
		for (const hash of [...chunks.keys()]) if (!named.has(hash)) chunks.delete(hash);
	};
	const removeRecords = (which: (record: InstalledVariant) => boolean): void => {
		for (const [key, record] of [...variants]) if (which(record)) variants.delete(key);
	};
	return {
		held: async (hashes) => new Set(hashes.filter((hash) => chunks.has(hash))),
		read: async (hashes) => hashes.map((hash) => chunks.get(hash)),
		write: async (added, lease) => {
			if (lease && !leases.has(lease.key)) throw leaseGone();
			if (lease) leases.set(lease.key, lease);
			for (const { sha256, bytes } of added) chunks.set(sha256, new Blob([bytes]));
		},
		discard: async (hashes) => hashes.forEach((hash) => chunks.delete(hash)),
		lease: async (key) => leases.get(key),
		leases: async () => [...leases.values()],
		saveLease: async (lease) => {
			leases.set(lease.key, lease);
			sweep();
		},
		dropLease: async (key) => {
			leases.delete(key);
			sweep();
		},
		commit: async (records, lease, replace = false) => {
			const missing = [...new Set(records.flatMap(chunksOf))].filter((hash) => !chunks.has(hash));
			if (missing.length > 0) return missing;
			const ids = new Set(records.map(({ id }) => id));
			if (replace) removeRecords(({ id }) => ids.has(id));
			for (const record of records) variants.set(keyOf(record), record);
			leases.delete(lease);
			sweep();
			return [];
		},
		installed: async () => [...variants.values()],
		find: async (id, variant) => variants.get(keyOf({ id, variant })),
		remove: async (id, variant) => {
			const matches = (record: { id: string; variant: string }): boolean =>
				record.id === id && (variant === undefined || record.variant === variant);
			removeRecords(matches);
			for (const [key, lease] of [...leases]) if (matches(lease)) leases.delete(key);
			sweep();
		}
	};
}

function keyOf({ id, variant }: { readonly id: string; readonly variant: string }): string {
	return JSON.stringify([id, variant]);
}

function memoryHistory(): HistoryStore {
	const entries = new Map<string, HistoryEntry>();
	return {
		append: async (entry) => void entries.set(entry.id, structuredClone(entry)),
		list: async () => [...entries.values()].sort((a, b) => b.savedAt - a.savedAt),
		remove: async (id) => void entries.delete(id),
		clear: async () => entries.clear()
	};
}

function memorySettings(): SettingsStore {
	const values = new Map<string, unknown>();
	return {
		get: async (key) => values.get(key),
		set: async (key, value) => void values.set(key, structuredClone(value)),
		remove: async (key) => void values.delete(key)
	};
}
