import type { Chunk, Lease, PartialFile } from '../store/records.ts';
import type { WeightStore } from '../store/studio-store.ts';

/** Small chunks are written together up to this many bytes: a transaction costs milliseconds. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** An unfinished installation's hold on chunks: what it writes stays until it ends or is given up. */
export interface Claim {
	readonly key: string;
	/** Keeps a verified chunk unless it is there; may be written a little later. */
	keep(chunk: Chunk): Promise<void>;
	/** Keeps a chunk at once, with what is now known of its file. */
	keepPartial(chunk: Chunk, partial: PartialFile): Promise<void>;
	partialOf(path: string): PartialFile | undefined;
	/** Writes what is waiting. */
	flush(): Promise<void>;
}

/** Writes the lease and opens its claim. */
export async function openClaim(store: WeightStore, initial: Lease): Promise<Claim> {
	let lease = initial;
	let waiting: Chunk[] = [];
	const claimed = new Set(initial.chunks.map(({ sha256 }) => sha256));
	const written = new Set<string>();
	await store.saveLease(lease);

	/** Adds hashes that the lease did not foresee; false when there is nothing new to note. */
	const extend = (chunks: readonly Chunk[]): boolean => {
		const added = chunks.filter(({ sha256 }) => !claimed.has(sha256));
		if (added.length === 0) return false;
		const entries = added.map(({ sha256, bytes }) => ({ sha256, size: bytes.length }));
		lease = { ...lease, chunks: [...lease.chunks, ...entries] };
		for (const { sha256 } of added) claimed.add(sha256);
		return true;
	};
	const flush = async (): Promise<void> => {
		const batch = waiting;
		waiting = [];
		extend(batch);
		if (batch.length > 0) await store.write(batch, lease);
	};
	return {
		key: initial.key,
		flush,
		partialOf: (path) => lease.partial.find((file) => file.path === path),
		keep: async (chunk) => {
			if (written.has(chunk.sha256)) return;
			written.add(chunk.sha256);
			if ((await store.held([chunk.sha256])).size > 0) {
				if (extend([chunk])) await store.write([], lease);
				return;
			}
			waiting.push(chunk);
			const bytes = waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
			if (bytes >= BATCH_BYTES) await flush();
		},
		keepPartial: async (chunk, partial) => {
			const others = lease.partial.filter((file) => file.path !== partial.path);
			lease = { ...lease, partial: [...others, partial] };
			extend([chunk]);
			await store.write([chunk], lease);
		}
	};
}
