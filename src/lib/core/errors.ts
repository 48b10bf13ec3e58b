/**
 * Machine-readable reasons of a {@link StudioError}. A code names what went wrong, not where:
 * pages choose their wording and recovery by it.
 */
export type ErrorCode =
	| 'aborted'
	| 'bad-input'
	| 'bad-model'
	| 'device-lost'
	| 'internal'
	| 'network'
	| 'not-found'
	| 'out-of-memory'
	| 'quota'
	| 'storage'
	| 'unsupported'
	| 'verification';

/** The plain form of a {@link StudioError} that survives structured cloning between workers. */
export interface ErrorRecord {
	readonly code: ErrorCode;
	/** What was expected and what came, in one sentence. */
	readonly message: string;
	/** What the person can do about it, in one sentence. */
	readonly hint: string;
}

/** An error a person can act on: what was expected, what came, and what to do. */
export class StudioError extends Error implements ErrorRecord {
	override readonly name = 'StudioError';
	readonly code: ErrorCode;
	readonly hint: string;

	constructor(code: ErrorCode, message: string, hint: string, options?: { cause?: unknown }) {
		super(message, options);
		this.code = code;
		this.hint = hint;
	}

	/** The plain record to send across a worker boundary. */
	toRecord(): ErrorRecord {
		return { code: this.code, message: this.message, hint: this.hint };
	}
}

/** Rebuilds a {@link StudioError} from the record that crossed a worker boundary. */
export function errorFromRecord(record: ErrorRecord): StudioError {
	return new StudioError(record.code, record.message, record.hint);
}

/** Whether a value is the abort of a signal: a DOMException named AbortError or our own code. */
export function isAbort(error: unknown): boolean {
	if (error instanceof StudioError) return error.code === 'aborted';
	return error instanceof Error && error.name === 'AbortError';
}

/**
 * Turns anything thrown into a {@link StudioError}; one that already is passes through unchanged.
 * @param hint what the person can do when nothing more is known
 */
export function toStudioError(
	error: unknown,
	hint = 'Try again; if it happens again, reload the page.'
): StudioError {
	if (error instanceof StudioError) return error;
	if (isAbort(error)) {
		return new StudioError('aborted', 'The job was stopped.', 'Start it again when you like.');
	}
	const message = error instanceof Error ? error.message : String(error);
	return new StudioError('internal', message, hint, { cause: error });
}

/** Throws a {@link StudioError} with code `aborted` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
	if (signal?.aborted) {
		throw new StudioError('aborted', 'The job was stopped.', 'Start it again when you like.');
	}
}
