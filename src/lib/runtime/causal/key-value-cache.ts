import type { EngineTensor } from '../backend.ts';

/** What a cache puts into a run: its past tensors, and where the present ones should go. */
export interface CacheBinding {
	readonly feeds: Readonly<Record<string, EngineTensor>>;
	readonly targets: Readonly<Record<string, EngineTensor | null>>;
}

/** Where a decoder's keys and values live between runs, and how they grow and shrink. */
export interface KeyValueCache {
	/** How it works, for people and tests. */
	readonly kind: 'in-place' | 'growing' | 'recompute';
	/** Positions held. */
	readonly length: number;
	/** The tensors now held, none when nothing is kept between runs. */
	readonly tensors: readonly EngineTensor[];
	/** Tensors for a run that appends `count` positions. @throws StudioError `out-of-memory` */
	bind(count: number): CacheBinding;
	/** Takes over the present tensors of such a run, once it has succeeded. */
	commit(outputs: Readonly<Record<string, EngineTensor>>, count: number): void;
	/** Forgets the positions from `length` on. */
	truncate(length: number): void;
	dispose(): void;
}
