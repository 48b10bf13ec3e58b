import { allocate } from '../../core/tensor.ts';
import type { CpuTensor } from '../../core/tensor.ts';
import type { TensorSpec } from '../../core/model.ts';
import type { Backend, EngineTensor } from '../backend.ts';
import type { DecoderLayout } from './decoder-layout.ts';

/** A tensor of whole numbers in the integer (or flag) type that an input declares. */
function wholeNumbers(
	{ type }: TensorSpec,
	dims: readonly number[],
	length: number,
	valueAt: (index: number) => number
): CpuTensor {
	const data = allocate(type, length);
	for (let i = 0; i < length; i++) {
		const value = valueAt(i);
		if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
		else data[i] = value;
	}
	return { location: 'cpu', type, dims, data };
}

/** One run's part of a text: `ids` appended at position `start`, logits wanted for the last `keep`. */
export interface DecoderStep {
	readonly ids: readonly number[];
	readonly start: number;
	readonly keep: number;
}

/** The inputs of a run that are not cache; the caller disposes of them. Batch 1, no padding. */
export function decoderFeeds(
	backend: Backend,
	layout: DecoderLayout,
	{ ids, start, keep }: DecoderStep
): Record<string, EngineTensor> {
	const count = ids.length;
	const feeds: Record<string, EngineTensor> = {};
	const feed = (
		spec: TensorSpec | undefined,
		dims: readonly number[],
		length: number,
		valueAt: (index: number) => number
	) => {
		if (spec === undefined) return;
		feeds[spec.name] = backend.fromCpu(wholeNumbers(spec, dims, length, valueAt));
	};
	feed(layout.inputIds, [1, count], count, (i) => ids[i] ?? 0);
	feed(layout.attentionMask, [1, start + count], start + count, () => 1);
	feed(layout.positionIds, [1, count], count, (i) => start + i);
	const scalar = layout.logitsToKeep?.dims.length === 1 ? [1] : [];
	// Exports read 0 as "all positions".
	feed(layout.logitsToKeep, scalar, 1, () => Math.max(keep, 1));
	feed(layout.useCacheBranch, [1], 1, () => (start > 0 ? 1 : 0));
	return feeds;
}
