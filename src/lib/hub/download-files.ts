import type { OnProgress } from '../core/progress.ts';
import type { Lease, PartialFile } from '../store/records.ts';
import { CHUNK_BYTES, leaseKey } from '../store/records.ts';
import type { WeightStore } from '../store/studio-store.ts';
import type { Claim } from './claim.ts';
import { openClaim } from './claim.ts';
import { blobBytes } from './content.ts';
import type { HubContext } from './context.ts';
import type { WantedChunk } from './download-chunks.ts';
import { downloadChunks } from './download-chunks.ts';
import { downloadUnhashed } from './download-unhashed.ts';
import { fileKind } from './file-kind.ts';
import type { Manifest, ManifestFile, ManifestVariant } from './manifest.ts';
import { manifestFile } from './manifest.ts';
import { makeRoom } from './quota.ts';
import type { Repository } from './repository.ts';

/** A file whose chunks are all in the store, held by a claim. */
export interface DownloadedFile {
	readonly path: string;
	readonly size: number;
	/** SHA-256 of the whole, where known. */
	readonly sha256: string | undefined;
	/** Hashes of consecutive pieces. */
	readonly chunks: readonly string[];
}

export interface VariantDownload {
	readonly repository: Repository;
	readonly manifest: Manifest;
	readonly variant: ManifestVariant;
	readonly onProgress?: OnProgress;
	readonly signal?: AbortSignal;
}

/**
 * Brings every file of a variant into the store, as far as it is not there: what an earlier attempt
 * or another model left is not fetched again. Checks first that there is room.
 * @returns the files, held by the claim until it is committed or dropped
 * @throws StudioError `quota`, `network`, `verification`, `not-found`, `aborted`
 */
export async function downloadFiles(
	context: HubContext,
	download: VariantDownload
): Promise<{ readonly claim: Claim; readonly files: readonly DownloadedFile[] }> {
	const { weights } = context.store;
	const { manifest, variant, signal } = download;
	const files = variant.files.map((path) => manifestFile(manifest, path));
	const lease = await leaseFor(weights, manifest.id, variant.name, files);
	const claim = await openClaim(weights, lease);
	const held = await weights.held(lease.chunks.map(({ sha256 }) => sha256));
	await makeRoom(context, bytesToWrite(files, held, claim), `${manifest.title} (${variant.name})`);

	const meter = progressMeter(download);
	const done: DownloadedFile[] = [];
	try {
		for (const file of files) {
			const job = {
				context,
				claim,
				file,
				url: download.repository.urlOf(file.path),
				meter,
				signal
			};
			done.push(file.chunks ? await fetchHashed(job, file.chunks, held) : await fetchUnhashed(job));
		}
	} finally {
		// Whatever ended the download: what has arrived and is right stays for the next attempt.
		await claim.flush();
	}
	return { claim, files: done };
}

interface FileJob {
	readonly context: HubContext;
	readonly claim: Claim;
	readonly file: ManifestFile;
	readonly url: string;
	readonly meter: (bytes: number) => void;
	readonly signal: AbortSignal | undefined;
}

async function fetchHashed(
	{ context, claim, file, url, meter, signal }: FileJob,
	chunks: NonNullable<ManifestFile['chunks']>,
	held: ReadonlySet<string>
): Promise<DownloadedFile> {
	const wanted = new Map<string, WantedChunk>();
	let offset = 0;
	for (const { sha256, size } of chunks) {
		// The same content twice in a file is fetched once.
		if (held.has(sha256) || wanted.has(sha256)) meter(size);
		else wanted.set(sha256, { offset, size, sha256 });
		offset += size;
	}
	await downloadChunks(context.environment, {
		url,
		path: file.path,
		size: file.size,
		wanted: [...wanted.values()],
		keep: (chunk) => claim.keep(chunk),
		onBytes: meter,
		...(signal ? { signal } : {})
	});
	const { path, size, sha256 } = file;
	return { path, size, sha256, chunks: chunks.map((chunk) => chunk.sha256) };
}

async function fetchUnhashed(job: FileJob): Promise<DownloadedFile> {
	const { context, claim, file, url, meter, signal } = job;
	const { path, size, sha256 } = file;
	const partial = claim.partialOf(path);
	const { chunks } = await downloadUnhashed(context.environment, {
		url,
		path,
		size,
		keep: (chunk, state) => claim.keepPartial(chunk, state),
		read: async (hash) => {
			const [blob] = await context.store.weights.read([hash]);
			return blobBytes(blob ?? new Blob(), path);
		},
		onBytes: meter,
		...(sha256 === undefined ? {} : { sha256 }),
		...(partial ? { partial } : {}),
		...(signal ? { signal } : {})
	});
	return { path, size, sha256, chunks };
}

/** The lease of this attempt: all that is known to be needed, and what the last one learned. */
async function leaseFor(
	store: WeightStore,
	id: string,
	variant: string,
	files: readonly ManifestFile[]
): Promise<Lease> {
	const key = leaseKey(id, variant);
	const known = files.flatMap((file) => file.chunks ?? []);
	const chunks = [...new Map(known.map((chunk) => [chunk.sha256, chunk])).values()];
	const earlier = await store.lease(key);
	const partial: PartialFile[] = [];
	for (const file of earlier?.partial ?? []) {
		const unhashed = files.find(({ path }) => path === file.path);
		if (!unhashed || unhashed.chunks || unhashed.size !== file.size) continue;
		const held = await store.held(file.chunks);
		const missing = file.chunks.findIndex((hash) => !held.has(hash));
		partial.push(missing < 0 ? file : { ...file, chunks: file.chunks.slice(0, missing) });
	}
	return {
		key,
		purpose: 'download',
		id,
		variant,
		chunks: [...chunks, ...partial.flatMap(partialChunks)],
		partial
	};
}

function partialChunks({ chunks, size }: PartialFile): Lease['chunks'] {
	return chunks.map((sha256, i) => ({
		sha256,
		size: Math.min(CHUNK_BYTES, size - i * CHUNK_BYTES)
	}));
}

/** What is still to come and, for weights whose chunks are not cut at tensors, to be re-cut. */
function bytesToWrite(
	files: readonly ManifestFile[],
	held: ReadonlySet<string>,
	claim: Claim
): number {
	let bytes = 0;
	for (const { path, size, chunks } of files) {
		if (chunks) {
			for (const chunk of chunks) if (!held.has(chunk.sha256)) bytes += chunk.size;
			continue;
		}
		const have = (claim.partialOf(path)?.chunks.length ?? 0) * CHUNK_BYTES;
		bytes += Math.max(0, size - have);
		if (fileKind(path) !== 'text') bytes += size;
	}
	return bytes;
}

/** Adds up bytes and reports them against the variant's size. */
function progressMeter({ manifest, variant, onProgress }: VariantDownload) {
	const label = `Downloading ${manifest.title} (${variant.name})`;
	let done = 0;
	return (bytes: number): void => {
		done += bytes;
		onProgress?.({ label, done, total: variant.bytes, unit: 'bytes' });
	};
}
