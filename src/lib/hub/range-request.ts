import { StudioError } from '../core/errors.ts';
import type { HubEnvironment } from './environment.ts';
import { TransientError, asTransient } from './retry.ts';

/** Longest wait a server may ask for with Retry-After, in milliseconds. */
const MAX_RETRY_AFTER = 30_000;

export interface RangeRequest {
	readonly url: string;
	/** Name for messages: the file's path in its repository. */
	readonly path: string;
	/** Size the file must have, in bytes. */
	readonly size: number;
	/** First byte wanted. */
	readonly start: number;
	/** Byte behind the last one wanted. */
	readonly end: number;
	/** `reload` goes past every cache on the way. */
	readonly fresh: boolean;
}

export interface RangeBody {
	/** Position in the file of the first byte that comes: `start`, or 0 from a server without ranges. */
	readonly from: number;
	/** Whether the server honoured the range (true too when the whole file was asked for). */
	readonly ranged: boolean;
	/** Strong validator of this version of the file; undefined when there is none. */
	readonly etag: string | undefined;
	/** The bytes, in order, not beyond the file's size; throws TransientError on a cut. */
	readonly pieces: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/**
 * Asks for bytes of a file. Only `Range` is sent, no `If-Range`: that header would cost a preflight
 * per request on other origins; callers compare the validator (or hashes) instead.
 * @throws StudioError `not-found`, `network` (refused), `verification` (another size than expected)
 * @throws TransientError for anything that may pass
 */
export async function requestRange(
	environment: HubEnvironment,
	request: RangeRequest,
	signal: AbortSignal | undefined
): Promise<RangeBody> {
	const watch = stallWatch(environment.stallMs, signal);
	const whole = request.start === 0 && request.end >= request.size;
	const response = await environment
		.fetch(request.url, {
			headers: whole ? {} : { Range: `bytes=${request.start}-${request.end - 1}` },
			cache: request.fresh ? 'reload' : 'no-store',
			signal: watch.signal
		})
		.catch((error: unknown) => {
			watch.stop();
			throw watch.explain(error);
		});
	try {
		checkStatus(response, request);
		checkSize(response, request);
	} catch (error) {
		watch.stop();
		await response.body?.cancel().catch(() => undefined);
		throw error;
	}
	const partial = response.status === 206;
	const etag = response.headers.get('etag') ?? undefined;
	return {
		from: partial ? request.start : 0,
		ranged: partial || whole,
		etag: etag?.startsWith('W/') ? undefined : etag,
		pieces: readPieces(response, watch)
	};
}

/** Aborts when nothing happens for a while, and can tell that from the caller's own abort. */
function stallWatch(stallMs: number, signal: AbortSignal | undefined) {
	const controller = new AbortController();
	let stalled = false;
	let timer: ReturnType<typeof setTimeout> | undefined;
	const beat = (): void => {
		clearTimeout(timer);
		timer = setTimeout(() => {
			stalled = true;
			controller.abort();
		}, stallMs);
	};
	const forward = (): void => controller.abort();
	if (signal?.aborted) forward();
	signal?.addEventListener('abort', forward, { once: true });
	beat();
	return {
		signal: controller.signal,
		beat,
		stop: () => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', forward);
		},
		explain: (error: unknown): unknown =>
			stalled
				? new TransientError(`nothing came for ${Math.round(stallMs / 1000)} seconds`)
				: asTransient(error)
	};
}

async function* readPieces(
	response: Response,
	watch: ReturnType<typeof stallWatch>
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
	const reader = response.body?.getReader();
	try {
		for (;;) {
			watch.beat();
			const next = await reader?.read();
			if (!next || next.done) return;
			yield next.value;
		}
	} catch (error) {
		throw watch.explain(error);
	} finally {
		watch.stop();
		await reader?.cancel().catch(() => undefined);
	}
}

function checkStatus(response: Response, { path, url, size }: RangeRequest): void {
	const { status } = response;
	if (status === 200 || status === 206) return checkIsNoPage(response, path, url);
	if (status === 404 || status === 410) {
		throw new StudioError(
			'not-found',
			`The server has no file "${path}" (${status} for ${url}).`,
			'Reload the page to get the current list of files; the model may have been moved or removed.'
		);
	}
	if (status === 416) throw wrongSize(path, size, 'fewer');
	if (status === 408 || status === 425 || status === 429 || status >= 500) {
		const retryAfter = retryAfterMs(response.headers.get('retry-after'));
		throw new TransientError(`the server answered ${status} for "${path}"`, { retryAfter });
	}
	throw new StudioError(
		'network',
		`The server refused "${path}" with status ${status}.`,
		status === 401 || status === 403
			? 'The file needs permission; choose a public model or open it from disk.'
			: 'Try again later or choose another model.'
	);
}

/** Static hosts answer unknown paths with their start page and status 200. */
function checkIsNoPage(response: Response, path: string, url: string): void {
	const type = response.headers.get('content-type') ?? '';
	if (!type.startsWith('text/html') || path.endsWith('.html')) return;
	throw new StudioError(
		'not-found',
		`The server answered with a web page instead of the file "${path}" (${url}).`,
		'Reload the page to get the current list of files; the model may not be part of this site.'
	);
}

/** A file of another size is another version: no byte of it may be mixed in. */
function checkSize(response: Response, { path, size, start }: RangeRequest): void {
	const { headers, status } = response;
	if (status === 206) {
		const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
		if (range && Number(range[1]) !== start) {
			throw new TransientError(`the server sent another part of "${path}" than asked for`);
		}
		if (range?.[2] && range[2] !== '*' && Number(range[2]) !== size) {
			throw wrongSize(path, size, range[2]);
		}
		return;
	}
	const length = headers.get('content-length');
	if (length !== null && !headers.get('content-encoding') && Number(length) !== size) {
		throw wrongSize(path, size, length);
	}
}

function wrongSize(path: string, expected: number, got: string): StudioError {
	return new StudioError(
		'verification',
		`"${path}" should have ${expected} bytes, but the server has ${got}.`,
		'The model changed on the server; reload the page and try again.'
	);
}

/** Milliseconds of a Retry-After header in seconds; dates and nonsense give undefined. */
function retryAfterMs(header: string | null): number | undefined {
	const seconds = Number(header);
	if (header === null || !Number.isFinite(seconds) || seconds < 0) return undefined;
	return Math.min(seconds * 1000, MAX_RETRY_AFTER);
}
