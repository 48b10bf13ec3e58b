import type { VerifyReport } from '../core/catalogue.ts';
import { StudioError, throwIfAborted } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import type { InstalledVariant, StoredContent } from '../store/records.ts';
import { leaseKey } from '../store/records.ts';
import { cut } from './chunk-layout.ts';
import type { HubContext } from './context.ts';
import type { WantedChunk } from './download-chunks.ts';
import { downloadChunks } from './download-chunks.ts';
import { completeVariant, installLocked } from './install.ts';
import { withInstallLock } from './install-lock.ts';
import type { Manifest } from './manifest.ts';
import type { Repository } from './repository.ts';

/** A stored chunk, how reports name it, and where its bytes can be fetched again. */
interface StoredChunk {
	readonly sha256: string;
	readonly size: number;
	/** `path#index`. */
	readonly name: string;
	/** Absent for skeletons, which are made at install. */
	readonly origin: { readonly path: string; readonly offset: number } | undefined;
}

export interface VerifyOptions {
	readonly onProgress?: OnProgress;
	readonly signal?: AbortSignal;
}

/**
 * Reads and hashes every stored chunk of a variant. Damaged and missing ones are deleted at once
 * (what cannot be trusted must not load) and fetched again from where the model came from.
 * @param repository undefined for models from disk, which cannot be fetched again
 */
export async function verifyVariant(
	context: HubContext,
	repository: Repository | undefined,
	record: InstalledVariant,
	options: VerifyOptions = {}
): Promise<VerifyReport> {
	const key = leaseKey(record.id, record.variant);
	return withInstallLock(context.environment, key, options, async (onProgress) => {
		const chunks = storedChunks(record);
		const checkedBytes = chunks.reduce((sum, { size }) => sum + size, 0);
		const damaged = await findDamage(context, record, chunks, { ...options, onProgress });
		if (damaged.length === 0) return { checkedBytes, repaired: [], damaged: [] };
		const { weights } = context.store;
		const hashes = damaged.map(({ sha256 }) => sha256);
		await weights.discard(hashes);
		if (repository) await repair(context, repository, record, damaged, options);
		const held = await weights.held(hashes);
		// A newer version from the same place may have replaced the damaged one altogether.
		const whole = (await completeVariant(weights, record.id, record.variant)) !== undefined;
		const isRepaired = ({ sha256 }: StoredChunk): boolean => whole || held.has(sha256);
		return {
			checkedBytes,
			repaired: damaged.filter(isRepaired).map(({ name }) => name),
			damaged: damaged.filter((chunk) => !isRepaired(chunk)).map(({ name }) => name)
		};
	});
}

/** Every distinct chunk of a variant; weights are named by the graph they belong to. */
function storedChunks({ files, graphs }: InstalledVariant): StoredChunk[] {
	const chunks = new Map<string, StoredChunk>();
	const add = (content: StoredContent, path: string, first: number, at?: WeightOrigin): number => {
		for (const [i, { offset, size }] of cut({ offset: 0, size: content.size }).entries()) {
			const sha256 = content.chunks[i] ?? content.sha256;
			const origin = at && { path: at.path, offset: at.offset + offset };
			if (!chunks.has(sha256)) {
				chunks.set(sha256, { sha256, size, name: `${path}#${first + i}`, origin });
			}
		}
		return first + content.chunks.length;
	};
	for (const file of files) add(file, file.path, 0, { path: file.path, offset: 0 });
	for (const { path, skeleton, weights } of graphs) {
		let next = add(skeleton, path, 0);
		for (const weight of weights) next = add(weight, path, next, weight.origin);
	}
	return [...chunks.values()];
}

type WeightOrigin = { readonly path: string; readonly offset: number };

async function findDamage(
	{ environment, store }: HubContext,
	record: InstalledVariant,
	chunks: readonly StoredChunk[],
	{ onProgress, signal }: VerifyOptions
): Promise<StoredChunk[]> {
	const total = chunks.reduce((sum, { size }) => sum + size, 0);
	const label = `Verifying ${record.title} (${record.variant})`;
	const damaged: StoredChunk[] = [];
	let done = 0;
	for (const chunk of chunks) {
		throwIfAborted(signal);
		const [blob] = await store.weights.read([chunk.sha256]);
		// The browser may have lost the file behind a Blob: unreadable is as bad as wrong.
		const buffer = await blob?.arrayBuffer().catch(() => undefined);
		const right =
			buffer !== undefined && (await environment.sha256(new Uint8Array(buffer))) === chunk.sha256;
		if (!right) damaged.push(chunk);
		done += chunk.size;
		onProgress?.({ label, done, total, unit: 'bytes' });
	}
	return damaged;
}

/**
 * Fetches what can be fetched: damaged ranges first; then, for skeletons, weights that no file
 * holds verbatim and files that have changed at their source, the variant anew.
 */
async function repair(
	context: HubContext,
	repository: Repository,
	record: InstalledVariant,
	damaged: readonly StoredChunk[],
	options: VerifyOptions
): Promise<void> {
	const { signal } = options;
	await unlessUnreachable(async () => {
		const manifest = await repository.manifest(signal ? { signal } : {});
		const byPath = Map.groupBy(damaged, ({ origin }) => origin?.path);
		for (const [path, chunks] of byPath) {
			if (path === undefined) continue;
			await unlessUnreachable(() => refetch(context, repository, manifest, path, chunks, signal));
		}
		if (await completeVariant(context.store.weights, record.id, record.variant)) return;
		await installLocked(context, repository, record.variant, options);
	});
}

/** What the source cannot give stays missing, and the report says so; other failures are thrown. */
async function unlessUnreachable(work: () => Promise<unknown>): Promise<void> {
	try {
		await work();
	} catch (error) {
		const expected = ['network', 'not-found', 'verification'];
		if (!(error instanceof StudioError) || !expected.includes(error.code)) throw error;
	}
}

async function refetch(
	{ environment, store }: HubContext,
	repository: Repository,
	manifest: Manifest,
	path: string,
	chunks: readonly StoredChunk[],
	signal: AbortSignal | undefined
): Promise<void> {
	const file = manifest.files.find((candidate) => candidate.path === path);
	if (!file) return;
	const wanted: WantedChunk[] = chunks.map(({ sha256, size, origin }) => ({
		sha256,
		size,
		offset: origin?.offset ?? 0
	}));
	await downloadChunks(environment, {
		url: repository.urlOf(path),
		path,
		size: file.size,
		wanted: wanted.sort((a, b) => a.offset - b.offset),
		keep: (chunk) => store.weights.write([chunk]),
		onBytes: () => undefined,
		...(signal ? { signal } : {})
	});
}
