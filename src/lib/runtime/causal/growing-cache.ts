import { allocate, byteLengthOf } from '../../core/tensor.ts';
import type { Backend, EngineTensor } from '../backend.ts';
import type { CacheSlot } from './decoder-layout.ts';
import type { CacheBinding, KeyValueCache } from './key-value-cache.ts';

/**
 * The present tensors of one run are the past ones of the next, for graphs that concatenate keys and
 * values themselves. They stay in the engine's memory; nothing is copied outside the graph. Truncated
 * positions are cut off lazily, when the next run needs the shorter tensors.
 */
export class GrowingCache implements KeyValueCache {
	readonly kind = 'growing';
	length = 0;
	private readonly backend: Backend;
	private readonly slots: readonly CacheSlot[];
	tensors: readonly EngineTensor[];
	/** Positions that the tensors hold; `length` of them count. */
	private held = 0;

	constructor(backend: Backend, slots: readonly CacheSlot[]) {
		this.backend = backend;
		this.slots = slots;
		this.tensors = this.empty();
	}

	bind(): CacheBinding {
		if (this.held !== this.length) this.cut();
		const feeds: Record<string, EngineTensor> = {};
		const targets: Record<string, null> = {};
		this.slots.forEach(({ past, present }, i) => {
			const tensor = this.tensors[i];
			if (tensor !== undefined) feeds[past] = tensor;
			targets[present] = null;
		});
		return { feeds, targets };
	}

	commit(outputs: Readonly<Record<string, EngineTensor>>, count: number): void {
		const next = this.slots.flatMap(({ present }) => outputs[present] ?? []);
		this.replace(next);
		this.length += count;
		this.held = this.length;
	}

	truncate(length: number): void {
		this.length = Math.min(this.length, length);
	}

	dispose(): void {
		this.replace([]);
	}

	private cut(): void {
		const { length, held } = this;
		const shorter = length === 0 ? this.empty() : this.copyOf(length, held);
		this.replace(shorter);
		this.held = length;
	}

	private copyOf(length: number, held: number): EngineTensor[] {
		return this.slots.flatMap(({ type, heads, headDim }, i) => {
			const source = this.tensors[i];
			if (source === undefined) return [];
			const position = byteLengthOf(type, [headDim]);
			const target = this.backend.allocate(type, [1, heads, length, headDim]);
			this.backend.copyBlocks(source, target, {
				rows: heads,
				bytes: length * position,
				sourceStride: held * position,
				targetStride: length * position
			});
			return [target];
		});
	}

	private empty(): EngineTensor[] {
		return this.slots.map(({ type, heads, headDim }) =>
			this.backend.fromCpu({
				location: 'cpu',
				type,
				dims: [1, heads, 0, headDim],
				data: allocate(type, 0)
			})
		);
	}

	private replace(tensors: readonly EngineTensor[]): void {
		for (const tensor of this.tensors) tensor.dispose();
		this.tensors = tensors;
	}
}
