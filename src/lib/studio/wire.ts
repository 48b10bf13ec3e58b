import { transferHandlers, type TransferHandler } from 'comlink';
import { StudioError, errorFromRecord, type ErrorRecord } from '#lib/core/errors.ts';

/** A second call must not wrap the handler again. */
let installed = false;

type Serialized = { readonly studio: ErrorRecord } | { readonly other: unknown };

/**
 * Makes StudioErrors cross a worker boundary whole: comlink's own handler keeps only message and
 * stack. Call it once on each side before `wrap` or `expose`.
 */
export function installErrorTransfer(): void {
	const plain = transferHandlers.get('throw');
	if (!plain || installed) return;
	const handler: TransferHandler<{ value: unknown }, Serialized> = {
		canHandle: (value): value is { value: unknown } => plain.canHandle(value),
		serialize(thrown) {
			if (thrown.value instanceof StudioError) return [{ studio: thrown.value.toRecord() }, []];
			const [other, transferables] = plain.serialize(thrown);
			return [{ other }, transferables];
		},
		deserialize(serialized) {
			if ('studio' in serialized) throw errorFromRecord(serialized.studio);
			return plain.deserialize(serialized.other) as { value: unknown };
		}
	};
	transferHandlers.set('throw', handler as TransferHandler<unknown, unknown>);
	installed = true;
}
