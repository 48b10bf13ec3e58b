/** Runs a callback before the next frame is painted, or soon when nothing is painted. */
export type Schedule = (callback: () => void) => void;

/**
 * Collects items and hands them on together, at most once a frame: tokens may come faster than the
 * screen refreshes, and each hand-over costs a layout.
 */
export class FrameBatch<T> {
	readonly #schedule: Schedule;
	readonly #take: (items: readonly T[]) => void;
	#items: T[] = [];
	#waiting = false;

	/** @param take gets every item once, in order, never an empty list */
	constructor(schedule: Schedule, take: (items: readonly T[]) => void) {
		this.#schedule = schedule;
		this.#take = take;
	}

	push(item: T): void {
		this.#items.push(item);
		if (this.#waiting) return;
		this.#waiting = true;
		this.#schedule(() => {
			this.#waiting = false;
			this.flush();
		});
	}

	/** Hands on what is waiting, now. */
	flush(): void {
		const items = this.#items;
		this.#items = [];
		if (items.length > 0) this.#take(items);
	}
}

/** Animation frames where they run; a hidden page and Node have none, there a short timer serves. */
export const nextFrame: Schedule = (callback) => {
	const visible = typeof document !== 'undefined' && document.visibilityState === 'visible';
	if (visible) requestAnimationFrame(callback);
	else setTimeout(callback, 16);
};
