import { StudioError } from '../core/errors.ts';
import type { Chunk, PartialFile } from '../store/records.ts';
import { CHUNK_BYTES } from '../store/records.ts';
import type { HubEnvironment } from './environment.ts';
import type { RangeBody } from './range-request.ts';
import { requestRange } from './range-request.ts';
import { TransientError, withRetries } from './retry.ts';
import { runningSha256 } from './sha256.ts';

export interface UnhashedDownload {
	readonly url: string;
	readonly path: string;
	readonly size: number;
	/** SHA-256 of the whole file, where the hub tells. */
	readonly sha256?: string;
	/** What an earlier attempt left; its chunks are in the store. */
	readonly partial?: PartialFile;
	/** Keeps a chunk together with the new state of the file. */
	readonly keep: (chunk: Chunk, partial: PartialFile) => Promise<void>;
	/** Reads a kept chunk back, for the hash of the whole. */
	readonly read: (sha256: string) => Promise<Uint8Array>;
	readonly onBytes: (bytes: number) => void;
	readonly signal?: AbortSignal;
}

/**
 * Fetches a file whose pieces have no known hashes, in 8 MiB chunks from the start. An interrupted
 * one goes on only when the server shows by a strong ETag that the file is the same version, else
 * from the beginning; so two versions never mix.
 * @returns the file's chunks
 * @throws StudioError `verification` when the whole has the wrong SHA-256 twice, `network`,
 * `not-found`, `aborted`; what `keep` throws
 */
export async function downloadUnhashed(
	environment: HubEnvironment,
	download: UnhashedDownload
): Promise<PartialFile> {
	let start = download.partial;
	for (const fresh of [false, true]) {
		const file = await fetchAll(environment, download, start, fresh);
		if (download.sha256 === undefined) return file;
		if ((await hashOf(file, download.read)) === download.sha256) return file;
		download.onBytes(-download.size);
		start = undefined;
	}
	throw new StudioError(
		'verification',
		`"${download.path}" has another SHA-256 than the hub lists, twice in a row.`,
		'It is not used. Try again later; the copy on the server is damaged or just being replaced.'
	);
}

/** How often a file may start over before its server is taken as hopeless. */
const MAX_RESTARTS = 3;

interface FileState {
	file: PartialFile;
	restarts: number;
}

async function fetchAll(
	environment: HubEnvironment,
	download: UnhashedDownload,
	partial: PartialFile | undefined,
	fresh: boolean
): Promise<PartialFile> {
	const { path, size } = download;
	// Without a validator there is no telling whether the rest belongs to what we have.
	const resumable = partial?.etag !== undefined && partial.size === size;
	const state: FileState = { file: resumable ? partial : { path, size, chunks: [] }, restarts: 0 };
	download.onBytes(Math.min(size, state.file.chunks.length * CHUNK_BYTES));
	await withRetries(environment, `"${path}"`, download.signal, async (progressed) => {
		while (missingBytes(state.file) > 0) {
			await fetchRest(environment, download, state, fresh, progressed);
		}
	});
	return state.file;
}

function missingBytes({ size, chunks }: PartialFile): number {
	return Math.max(0, size - chunks.length * CHUNK_BYTES);
}

async function fetchRest(
	environment: HubEnvironment,
	download: UnhashedDownload,
	state: FileState,
	fresh: boolean,
	progressed: () => void
): Promise<void> {
	const { url, path, size, signal } = download;
	const start = state.file.chunks.length * CHUNK_BYTES;
	const body = await requestRange(
		environment,
		{ url, path, size, start, end: size, fresh },
		signal
	);
	if (start > 0 && (body.etag === undefined || body.etag !== state.file.etag)) {
		// Another version, or nothing that says it is the same one: what we have is no use.
		download.onBytes(-start);
		state.file = { path, size, chunks: [] };
		state.restarts += 1;
		if (state.restarts > MAX_RESTARTS) throw keepsChanging(path);
		if (body.from > 0) return void (await discardBody(body));
	}
	if (state.file.chunks.length === 0) {
		const { etag } = body;
		state.file = { path, size, chunks: [], ...(etag === undefined ? {} : { etag }) };
	}
	await takeChunks(environment, download, state, body, progressed);
}

/** Reads the stream into chunks behind those we have; skips what a rangeless server repeats. */
async function takeChunks(
	environment: HubEnvironment,
	download: UnhashedDownload,
	state: FileState,
	body: RangeBody,
	progressed: () => void
): Promise<void> {
	let skip = state.file.chunks.length * CHUNK_BYTES - body.from;
	let buffer = new Uint8Array(Math.min(CHUNK_BYTES, missingBytes(state.file)));
	let filled = 0;
	try {
		for await (const piece of body.pieces) {
			let rest = piece.subarray(Math.min(skip, piece.length));
			skip -= piece.length - rest.length;
			while (rest.length > 0 && buffer.length > 0) {
				const taken = rest.subarray(0, buffer.length - filled);
				buffer.set(taken, filled);
				filled += taken.length;
				rest = rest.subarray(taken.length);
				download.onBytes(taken.length);
				if (filled < buffer.length) continue;
				filled = 0;
				const sha256 = await environment.sha256(buffer);
				const file = { ...state.file, chunks: [...state.file.chunks, sha256] };
				await download.keep({ sha256, bytes: buffer }, file);
				state.file = file;
				progressed();
				buffer = new Uint8Array(Math.min(CHUNK_BYTES, missingBytes(file)));
			}
			if (missingBytes(state.file) === 0) return;
		}
	} finally {
		if (filled > 0) download.onBytes(-filled);
	}
	if (missingBytes(state.file) > 0) throw new TransientError('the connection ended early');
}

function keepsChanging(path: string): StudioError {
	return new StudioError(
		'network',
		`"${path}" could not be resumed: its server gives no stable version of the file (ETag) and the connection was cut ${MAX_RESTARTS + 1} times.`,
		'Try again on a steadier connection, or download the folder otherwise and open it from disk.'
	);
}

async function discardBody(body: RangeBody): Promise<void> {
	for await (const _piece of body.pieces) return;
}

async function hashOf(
	file: PartialFile,
	read: (sha256: string) => Promise<Uint8Array>
): Promise<string> {
	const hash = runningSha256();
	for (const chunk of file.chunks) hash.update(await read(chunk));
	return hash.digest();
}
