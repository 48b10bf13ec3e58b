/** Slowest and fastest pace of a replay in tokens a second: legible, and over in some seconds. */
const SLOWEST = 14;
const FASTEST = 32;

/** Calls back again and again until the returned function is called; a timer, or a test's clock. */
export type Ticker = (tick: () => void) => () => void;

/** A tick of about 40 ms: token streams need no more, and the main thread stays free. */
export const timerTicker: Ticker = (tick) => {
	const timer = setInterval(tick, 40);
	return () => clearInterval(timer);
};

export type PlaybackState = 'ready' | 'playing' | 'paused' | 'done';

/** Replays a recorded stream: how many of its tokens are on show. */
export class Playback {
	readonly #count: number;
	readonly #pace: number;
	readonly #ticker: Ticker;
	readonly #now: () => number;
	#shown = $state(0);
	#state: PlaybackState = $state('ready');
	#stop: (() => void) | undefined;

	/**
	 * @param count tokens of the recording
	 * @param tokensPerSecond as it was recorded; kept between 14 and 32
	 * @param head tokens on show before it plays for the first time
	 */
	constructor(
		count: number,
		tokensPerSecond: number,
		head = 0,
		ticker: Ticker = timerTicker,
		now: () => number = () => performance.now()
	) {
		this.#shown = Math.min(head, count);
		this.#count = count;
		this.#pace = Math.min(FASTEST, Math.max(SLOWEST, tokensPerSecond || SLOWEST));
		this.#ticker = ticker;
		this.#now = now;
	}

	/** Tokens on show, from the first. */
	get shown(): number {
		return this.#shown;
	}

	get state(): PlaybackState {
		return this.#state;
	}

	/** Plays on, or from the start when it was done. */
	play(): void {
		if (this.#state === 'playing') return;
		const from = this.#state === 'done' ? 0 : this.#shown;
		this.#shown = from;
		this.#state = 'playing';
		const started = this.#now();
		this.#stop = this.#ticker(() => {
			const gained = Math.floor(((this.#now() - started) / 1000) * this.#pace);
			this.#shown = Math.min(this.#count, from + gained);
			if (this.#shown >= this.#count) this.finish();
		});
	}

	pause(): void {
		if (this.#state !== 'playing') return;
		this.#stop?.();
		this.#state = 'paused';
	}

	/** Shows everything at once (reduced motion, or the end of a replay). */
	finish(): void {
		this.#stop?.();
		this.#shown = this.#count;
		this.#state = 'done';
	}

	/** Ends the timer; the page is left. */
	dispose(): void {
		this.#stop?.();
	}
}
