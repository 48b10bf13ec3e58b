import type { CacheBinding, KeyValueCache } from './key-value-cache.ts';

/** For exports without cache tensors: nothing is kept, the session feeds the whole text each time. */
export class RecomputeCache implements KeyValueCache {
	readonly kind = 'recompute';
	length = 0;
	readonly tensors = [];

	bind(): CacheBinding {
		return { feeds: {}, targets: {} };
	}

	commit(_outputs: unknown, count: number): void {
		this.length += count;
	}

	truncate(length: number): void {
		this.length = Math.min(this.length, length);
	}

	dispose(): void {
		this.length = 0;
	}
}
