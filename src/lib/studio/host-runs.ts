import type { RunId } from './api.ts';

/** The long jobs of one worker: each can be cancelled by its id, and heavy ones wait their turn. */
export class Runs {
	readonly #controllers = new Map<RunId, AbortController>();
	#tail: Promise<unknown> = Promise.resolve();

	/** Runs a job with a signal that {@link cancel} fires. */
	async start<T>(run: RunId, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
		const controller = new AbortController();
		this.#controllers.set(run, controller);
		try {
			return await job(controller.signal);
		} finally {
			this.#controllers.delete(run);
		}
	}

	/** Like {@link start}, but one at a time: sessions and their caches are not re-entrant. */
	inTurn<T>(run: RunId, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
		return this.start(run, (signal) => {
			const turn = this.#tail.then(() => job(signal));
			this.#tail = turn.catch(() => undefined);
			return turn;
		});
	}

	/** Stops a job at its next step; an unknown id is ignored. */
	cancel(run: RunId): void {
		this.#controllers.get(run)?.abort();
	}
}
