import { StudioError } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import type { InstalledVariant } from '../store/records.ts';
import { chunksOf, leaseKey } from '../store/records.ts';
import { leaseGone } from '../store/references.ts';
import type { WeightStore } from '../store/studio-store.ts';
import { assembleVariant } from './assemble-variant.ts';
import type { SourceFile } from './assemble-variant.ts';
import type { HubContext } from './context.ts';
import type { DownloadedFile, VariantDownload } from './download-files.ts';
import { downloadFiles } from './download-files.ts';
import { withInstallLock } from './install-lock.ts';
import type { Manifest } from './manifest.ts';
import { manifestVariant } from './manifest.ts';
import type { Repository } from './repository.ts';

/** Rounds of download and commit before missing chunks count as a fault of the browser. */
const ROUNDS = 3;

export interface InstallOptions {
	readonly onProgress?: OnProgress;
	readonly signal?: AbortSignal;
}

/**
 * Makes a variant complete: under a lock that all tabs share, download what is missing, split the
 * graphs, commit the record in one transaction. Returns at once when it is complete already.
 * @throws StudioError see `Hub.install`
 */
export async function installVariant(
	context: HubContext,
	repository: Repository,
	{ id, variant }: { readonly id: string; readonly variant: string },
	options: InstallOptions = {}
): Promise<InstalledVariant> {
	const { weights } = context.store;
	const early = await completeVariant(weights, id, variant);
	if (early) return early;
	const key = leaseKey(id, variant);
	return withInstallLock(context.environment, key, options, async (onProgress) => {
		// Another tab may have finished while this one waited.
		const existing = await completeVariant(weights, id, variant);
		if (existing) return existing;
		try {
			return await installLocked(context, repository, variant, { ...options, onProgress });
		} catch (error) {
			// Without Web Locks another tab may have finished the same, which ended our lease.
			const finished = await completeVariant(weights, id, variant);
			if (finished && !options.signal?.aborted) return finished;
			throw error;
		}
	});
}

/** The record of a variant whose chunks are all there; undefined when it is not installed. */
export async function completeVariant(
	store: WeightStore,
	id: string,
	variant: string
): Promise<InstalledVariant | undefined> {
	const record = await store.find(id, variant);
	if (!record) return undefined;
	const needed = new Set(chunksOf(record));
	return (await store.held([...needed])).size === needed.size ? record : undefined;
}

/**
 * Installs from the repository's current manifest. When the files turn out not to match it, the
 * site may have been updated in between: then the list is fetched once more past all caches.
 */
export async function installLocked(
	context: HubContext,
	repository: Repository,
	variant: string,
	options: InstallOptions
): Promise<InstalledVariant> {
	const signal = options.signal ? { signal: options.signal } : {};
	const manifest = await repository.manifest(signal);
	try {
		return await installFrom(context, repository, manifest, variant, options);
	} catch (error) {
		if (!(error instanceof StudioError) || error.code !== 'verification') throw error;
		const current = await repository.manifest({ fresh: true, ...signal });
		if (JSON.stringify(current) === JSON.stringify(manifest)) throw error;
		return installFrom(context, repository, current, variant, options);
	}
}

async function installFrom(
	context: HubContext,
	repository: Repository,
	manifest: Manifest,
	name: string,
	options: InstallOptions
): Promise<InstalledVariant> {
	const variant = manifestVariant(manifest, name);
	const download: VariantDownload = { repository, manifest, variant, ...options };
	const { weights } = context.store;
	for (let round = 1; round <= ROUNDS; round++) {
		const { claim, files } = await downloadFiles(context, download);
		const sources = await sourceFiles(weights, files);
		if (!sources && !(await weights.lease(claim.key))) throw leaseGone();
		if (!sources) continue;
		const record = await assembleVariant(context.environment, {
			entry: manifest,
			variant,
			address: repository.address,
			files: sources,
			claim,
			...options
		});
		const missing = await weights.commit([record], claim.key);
		if (missing.length === 0) return record;
		if (!(await weights.lease(claim.key))) throw leaseGone();
	}
	throw new StudioError(
		'storage',
		`The browser did not keep what was downloaded of ${manifest.title}.`,
		'Free disk space, then try again; private windows may refuse large data.'
	);
}

/** The downloaded files as Blobs; undefined when the browser lost a chunk meanwhile. */
async function sourceFiles(
	store: WeightStore,
	files: readonly DownloadedFile[]
): Promise<SourceFile[] | undefined> {
	const sources: SourceFile[] = [];
	for (const { path, size, sha256, chunks } of files) {
		const blobs = await store.read(chunks);
		const blob = new Blob(blobs.filter((part) => part !== undefined));
		if (blob.size !== size) return undefined;
		sources.push({ path, blob, sha256 });
	}
	return sources;
}
