import { StudioError } from '../core/errors.ts';

const MEMORY = /bad_alloc|out of memory|failed to allocate|allocation failed|Array buffer alloc/i;
const OPERATOR = /running (\w+) node\. Name:'([^']*)'/;
const INPUT = /INVALID_ARGUMENT|invalid dimensions|Unexpected input data type|Missing Input/i;
const NO_HALF = /requires f16 but the device does not support it/;
const UNSUPPORTED = /is not a registered function\/op|Could not find an implementation for/i;

/** The readable part of whatever the engine threw: it throws Errors, strings and numbers. */
function reasonOf(cause: unknown): string {
	const text = cause instanceof Error ? cause.message : String(cause);
	const reason = text.replace(/^.*ERROR_MESSAGE:\s*/s, '').trim();
	return reason.length > 400 ? `${reason.slice(0, 400)}…` : reason;
}

/** The error of a model or a cache that does not fit the memory there is. */
export function memoryError(what: string, cause?: unknown): StudioError {
	return new StudioError(
		'out-of-memory',
		`${what} does not fit the memory that is left.`,
		'Close other tabs, take a smaller variant of the model, or a smaller model.',
		{ cause }
	);
}

/** The error of a float16 graph on a GPU without the feature `shader-f16`; undefined otherwise. */
function halfError(file: string, reason: string, cause: unknown): StudioError | undefined {
	if (!NO_HALF.test(reason)) return undefined;
	return new StudioError(
		'unsupported',
		`${file} computes in 16-bit floats, which this GPU does not offer (feature shader-f16).`,
		'Take the fp32 or the q4 variant of the model.',
		{ cause }
	);
}

/** Why a session could not be made of a file: a {@link StudioError} that names file and reason. */
export function creationError(file: string, cause: unknown): StudioError {
	if (cause instanceof StudioError) return cause;
	const reason = reasonOf(cause);
	if (MEMORY.test(reason)) return memoryError(file, cause);
	const half = halfError(file, reason, cause);
	if (half !== undefined) return half;
	const hint = UNSUPPORTED.test(reason)
		? 'The model uses an operator this engine does not have; take another export or variant.'
		: 'The file may be incomplete or made for another runtime: fetch it again or take another export.';
	return new StudioError('bad-model', `${file} could not be loaded: ${reason}`, hint, { cause });
}

/** Why a run failed: a {@link StudioError} that names the file and, where known, the operator. */
export function runError(file: string, cause: unknown): StudioError {
	if (cause instanceof StudioError) return cause;
	const reason = reasonOf(cause);
	if (MEMORY.test(reason)) return memoryError(`A run of ${file}`, cause);
	const half = halfError(file, reason, cause);
	if (half !== undefined) return half;
	const operator = OPERATOR.exec(reason);
	const where = operator ? ` in operator ${operator[1]} (${operator[2]})` : '';
	const message = `${file} failed${where}: ${reason}`;
	if (!operator && INPUT.test(reason)) {
		return new StudioError('bad-input', message, 'Feed the inputs that the model declares.', {
			cause
		});
	}
	return new StudioError('internal', message, 'Load the model again, or take another variant.', {
		cause
	});
}
