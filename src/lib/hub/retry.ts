import { StudioError, isAbort, throwIfAborted } from '../core/errors.ts';
import type { HubEnvironment } from './environment.ts';

/** Attempts in a row that bring nothing before a download is given up. */
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 500;

/** A failure that the next attempt may not meet: a cut connection, an overloaded server. */
export class TransientError extends Error {
	override readonly name = 'TransientError';
	/** Milliseconds the server asked to wait; undefined when it did not. */
	readonly retryAfter: number | undefined;

	constructor(message: string, options: { readonly retryAfter?: number; cause?: unknown } = {}) {
		super(message, options);
		this.retryAfter = options.retryAfter;
	}
}

/**
 * Repeats work after transient failures, waiting 0.5, 1, 2, 4 s between attempts; an attempt that
 * made progress starts the count again.
 * @param work one attempt; calls `progressed` whenever something was gained for good
 * @throws StudioError `network` after five attempts without progress, `aborted`
 */
export async function withRetries<T>(
	environment: Pick<HubEnvironment, 'sleep'>,
	what: string,
	signal: AbortSignal | undefined,
	work: (progressed: () => void) => Promise<T>
): Promise<T> {
	let failures = 0;
	for (;;) {
		throwIfAborted(signal);
		try {
			return await work(() => (failures = 0));
		} catch (error) {
			throwIfAborted(signal);
			if (!(error instanceof TransientError)) throw error;
			failures += 1;
			if (failures >= ATTEMPTS) throw gaveUp(what, error);
			const delay = FIRST_DELAY_MS * 2 ** (failures - 1);
			await environment.sleep(Math.max(delay, error.retryAfter ?? 0), signal);
		}
	}
}

function gaveUp(what: string, error: TransientError): StudioError {
	return new StudioError(
		'network',
		`Downloading ${what} failed ${ATTEMPTS} times: ${error.message}.`,
		'Check the connection and try again: what has arrived is kept, and the download goes on from there.',
		{ cause: error }
	);
}

/** Wraps what `fetch` and streams throw on a broken connection; an abort passes through. */
export function asTransient(error: unknown): unknown {
	if (error instanceof StudioError || error instanceof TransientError || isAbort(error)) {
		return error;
	}
	const message = error instanceof Error ? error.message : String(error);
	return new TransientError(message, { cause: error });
}
