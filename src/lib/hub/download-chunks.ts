import { StudioError } from '../core/errors.ts';
import type { Chunk } from '../store/records.ts';
import type { HubEnvironment } from './environment.ts';
import type { RangeBody } from './range-request.ts';
import { requestRange } from './range-request.ts';
import { TransientError, withRetries } from './retry.ts';

/** Bytes that are cheaper to read and throw away than to ask for in another request. */
const SMALL_GAP = 256 * 1024;

/** A piece of a file whose hash is known and that is to be fetched. */
export interface WantedChunk {
	readonly offset: number;
	readonly size: number;
	readonly sha256: string;
}

export interface ChunkDownload {
	readonly url: string;
	/** The file's path in its repository, for messages. */
	readonly path: string;
	/** Size of the whole file in bytes. */
	readonly size: number;
	/** What to fetch, by rising offset, without overlaps. */
	readonly wanted: readonly WantedChunk[];
	/** Keeps a chunk whose hash is right; the download waits for it. */
	readonly keep: (chunk: Chunk) => Promise<void>;
	/** Called with the bytes that came over the wire into a chunk (negative when one is refused). */
	readonly onBytes: (bytes: number) => void;
	readonly signal?: AbortSignal;
}

/**
 * Fetches pieces of one file, in as few range requests as sensible. A piece is handed on only after
 * its SHA-256 was found right; a wrong one is fetched once more past all caches. Cut connections go
 * on behind the last good piece.
 * @throws StudioError `verification` naming the file when a piece is wrong twice or the file has
 * another size, `network`, `not-found`, `aborted`; what `keep` throws
 */
export async function downloadChunks(
	environment: HubEnvironment,
	download: ChunkDownload
): Promise<void> {
	const state: DownloadState = {
		remaining: [...download.wanted],
		suspect: new Set(),
		ranges: true
	};
	await withRetries(environment, `"${download.path}"`, download.signal, async (progressed) => {
		while (state.remaining.length > 0) await fetchRun(environment, download, state, progressed);
	});
}

interface DownloadState {
	remaining: WantedChunk[];
	/** Chunks that came wrong once. */
	readonly suspect: Set<WantedChunk>;
	/** False after the server ignored a range: then one pass over the file serves all. */
	ranges: boolean;
}

/** One request: the first run of wanted chunks that lie close together. */
async function fetchRun(
	environment: HubEnvironment,
	download: ChunkDownload,
	state: DownloadState,
	progressed: () => void
): Promise<void> {
	const run = nextRun(state);
	const first = run[0];
	const last = run.at(-1);
	if (!first || !last) return;
	const { url, path, size, signal } = download;
	const body = await requestRange(
		environment,
		{
			url,
			path,
			size,
			start: first.offset,
			end: last.offset + last.size,
			fresh: run.some((chunk) => state.suspect.has(chunk))
		},
		signal
	);
	if (!body.ranged) state.ranges = false;
	await assemble(body, run, download.onBytes, async (chunk, bytes) => {
		if ((await environment.sha256(bytes)) === chunk.sha256) {
			await download.keep({ sha256: chunk.sha256, bytes });
			state.remaining = state.remaining.filter((other) => other !== chunk);
			progressed();
			return;
		}
		download.onBytes(-chunk.size);
		if (state.suspect.has(chunk)) throw wrongTwice(path, chunk);
		state.suspect.add(chunk);
	});
}

function nextRun({ remaining, ranges, suspect }: DownloadState): WantedChunk[] {
	const run: WantedChunk[] = [];
	let end: number | undefined;
	for (const chunk of remaining) {
		const near = end === undefined || chunk.offset - end <= SMALL_GAP;
		// A suspect piece is asked for past the caches: in a request of its own kind.
		const alike = run[0] === undefined || suspect.has(run[0]) === suspect.has(chunk);
		if (ranges && !(near && alike)) break;
		run.push(chunk);
		end = chunk.offset + chunk.size;
	}
	return run;
}

/**
 * Cuts the stream into the wanted chunks and skips what lies between.
 * @throws TransientError when the stream ends early; bytes of an unfinished chunk are taken back
 */
async function assemble(
	body: RangeBody,
	run: readonly WantedChunk[],
	onBytes: (bytes: number) => void,
	finish: (chunk: WantedChunk, bytes: Uint8Array<ArrayBuffer>) => Promise<void>
): Promise<void> {
	const queue = [...run];
	let position = body.from;
	let current = queue.shift();
	let buffer = new Uint8Array(current?.size ?? 0);
	let filled = 0;
	try {
		for await (const piece of body.pieces) {
			let rest = piece;
			while (current && rest.length > 0) {
				const skip = Math.min(rest.length, Math.max(0, current.offset + filled - position));
				rest = rest.subarray(skip);
				const taken = rest.subarray(0, current.size - filled);
				buffer.set(taken, filled);
				filled += taken.length;
				position += skip + taken.length;
				rest = rest.subarray(taken.length);
				onBytes(taken.length);
				if (filled < current.size) continue;
				const done = current;
				filled = 0;
				await finish(done, buffer);
				current = queue.shift();
				buffer = new Uint8Array(current?.size ?? 0);
			}
			if (!current) return;
		}
	} finally {
		if (filled > 0) onBytes(-filled);
	}
	throw new TransientError(`the connection ended at byte ${position}`);
}

function wrongTwice(path: string, chunk: WantedChunk): StudioError {
	return new StudioError(
		'verification',
		`"${path}" is not what the model's list of files promises: bytes ${chunk.offset} to ${chunk.offset + chunk.size} have another SHA-256, twice in a row.`,
		'Nothing of it was kept. Reload the page and try again; if it happens again, the copy on the server is damaged.'
	);
}
