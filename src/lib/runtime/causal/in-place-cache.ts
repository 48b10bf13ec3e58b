import { byteLengthOf } from '../../core/tensor.ts';
import type { Backend, EngineTensor } from '../backend.ts';
import type { CacheSlot } from './decoder-layout.ts';
import type { CacheBinding, KeyValueCache } from './key-value-cache.ts';

const FIRST_CAPACITY = 512;

/**
 * Buffers of a fixed capacity, each bound as past and as present of the same run: the operator
 * writes the new positions behind the old ones, nothing is copied or allocated, and truncation only
 * changes the length. For graphs whose attention is GroupQueryAttention throughout. Capacity doubles
 * when it is used up, to the model's context length at most.
 */
export class InPlaceCache implements KeyValueCache {
	readonly kind = 'in-place';
	length = 0;
	private readonly backend: Backend;
	private readonly slots: readonly CacheSlot[];
	private readonly contextLength: number;
	private capacity: number;
	/** Both feeds and targets: past and present names to the same buffers, in slot order. */
	tensors: readonly EngineTensor[];
	private binding: CacheBinding;

	constructor(
		backend: Backend,
		slots: readonly CacheSlot[],
		contextLength: number,
		capacity = FIRST_CAPACITY
	) {
		this.backend = backend;
		this.slots = slots;
		this.contextLength = contextLength;
		this.capacity = Math.min(capacity, contextLength);
		this.tensors = this.reserve(this.capacity);
		this.binding = this.bindingOf(this.tensors);
	}

	bind(count: number): CacheBinding {
		if (this.length + count > this.capacity) this.grow(this.length + count);
		return this.binding;
	}

	commit(_outputs: Readonly<Record<string, EngineTensor>>, count: number): void {
		this.length += count;
	}

	truncate(length: number): void {
		this.length = Math.min(this.length, length);
	}

	dispose(): void {
		for (const buffer of this.tensors) buffer.dispose();
		this.tensors = [];
	}

	private grow(needed: number): void {
		const capacity = Math.min(this.contextLength, Math.max(needed, 2 * this.capacity));
		const larger = this.reserve(capacity);
		this.slots.forEach(({ type, heads, headDim }, i) => {
			const position = byteLengthOf(type, [headDim]);
			const [source, target] = [this.tensors[i], larger[i]];
			if (source === undefined || target === undefined || this.length === 0) return;
			this.backend.copyBlocks(source, target, {
				rows: heads,
				bytes: this.length * position,
				sourceStride: this.capacity * position,
				targetStride: capacity * position
			});
		});
		this.dispose();
		this.tensors = larger;
		this.capacity = capacity;
		this.binding = this.bindingOf(larger);
	}

	private reserve(capacity: number): EngineTensor[] {
		const made: EngineTensor[] = [];
		try {
			for (const { type, heads, headDim } of this.slots) {
				made.push(this.backend.allocate(type, [1, heads, capacity, headDim]));
			}
			return made;
		} catch (error) {
			for (const buffer of made) buffer.dispose();
			throw error;
		}
	}

	private bindingOf(buffers: readonly EngineTensor[]): CacheBinding {
		const feeds: Record<string, EngineTensor> = {};
		const targets: Record<string, EngineTensor> = {};
		this.slots.forEach(({ past, present }, i) => {
			const buffer = buffers[i];
			if (buffer === undefined) return;
			feeds[past] = buffer;
			targets[present] = buffer;
		});
		return { feeds, targets };
	}
}
