import type { StorageReport } from '../core/catalogue.ts';
import { StudioError } from '../core/errors.ts';
import type { InstalledVariant, Lease } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { formatBytes } from './format-bytes.ts';

/** What the browser needs beside the content itself: indices, its own files. */
const OVERHEAD = 1024 * 1024;

/**
 * Checks before a download that it will fit, and asks the browser to keep what is stored.
 * @param needed bytes that will be written
 * @param what names the model, for the message
 * @throws StudioError `quota` with both figures
 */
export async function makeRoom(
	{ environment, store }: HubContext,
	needed: number,
	what: string
): Promise<void> {
	if (store.kind === 'memory' || needed === 0) return;
	const { usage, quota } = await environment.storage.estimate();
	if (usage !== undefined && quota !== undefined && needed + OVERHEAD > quota - usage) {
		throw new StudioError(
			'quota',
			`${what} needs ${formatBytes(needed)} of storage, but this browser has ${formatBytes(Math.max(0, quota - usage))} left for this site.`,
			'Delete a model you do not need on the Models page, free disk space, or choose a smaller variant.'
		);
	}
	if (!(await environment.storage.persisted())) await environment.storage.persist();
}

/** Storage in use and left. Without IndexedDB the bytes are those held in memory. */
export async function storageReport({ environment, store }: HubContext): Promise<StorageReport> {
	const records = await store.weights.installed();
	const ours = contentBytes(records, await store.weights.leases());
	if (store.kind === 'memory') {
		return { kind: 'memory', usedBytes: ours, availableBytes: undefined, persistent: false };
	}
	const { usage, quota } = await environment.storage.estimate();
	return {
		kind: 'indexeddb',
		usedBytes: usage ?? ours,
		availableBytes:
			usage === undefined || quota === undefined ? undefined : Math.max(0, quota - usage),
		persistent: await environment.storage.persisted()
	};
}

/** Bytes of all distinct contents, unfinished downloads counted as claimed. */
function contentBytes(records: readonly InstalledVariant[], leases: readonly Lease[]): number {
	const sizes = new Map<string, number>();
	for (const { files, graphs } of records) {
		const contents = [...files, ...graphs.flatMap((graph) => [graph.skeleton, ...graph.weights])];
		for (const { sha256, size } of contents) sizes.set(sha256, size);
	}
	for (const { chunks } of leases) for (const { sha256, size } of chunks) sizes.set(sha256, size);
	return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
