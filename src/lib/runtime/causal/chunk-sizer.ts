const FIRST = 16;
const LARGEST = 512;
/** Milliseconds a run should take: abort waits for the end of one. */
const TARGET_MS = 120;

/**
 * Chooses how many tokens one run of a prefill takes, from the time the last one took, so that a run
 * stays well under 200 ms on fast and slow devices alike.
 */
export class ChunkSizer {
	private next = FIRST;

	/** Tokens for the next run when `left` are to do. */
	take(left: number): number {
		return Math.min(left, this.next);
	}

	/** Learns from a run of `tokens` that took `milliseconds`. */
	learn(tokens: number, milliseconds: number): void {
		// A short run says little about a long one; only full chunks count.
		if (tokens < this.next) return;
		const ratio = TARGET_MS / Math.max(milliseconds, 1);
		// Larger steps up than fourfold would trust one measurement too much.
		const size = tokens * Math.min(4, ratio);
		// Powers of two: GPU kernels are compiled for few shapes.
		const power = 2 ** Math.floor(Math.log2(Math.max(size, 1)));
		this.next = Math.min(LARGEST, power);
	}
}
