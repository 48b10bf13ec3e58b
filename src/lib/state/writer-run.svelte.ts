import { isAbort, toStudioError } from '#lib/core/errors.ts';
import type { TokenRecord } from '#lib/core/generation.ts';
import type { Passage } from '#lib/core/passage.ts';
import { byModel, type JobHooks } from './writer-jobs.ts';
import { extendPassage } from './writer-passage.ts';
import { isBusy, type WriterState } from './writer-status.ts';
import { FrameBatch, type Schedule } from './writer-stream.ts';

type Purpose = 'write' | 'check';

/** The one job the writer runs at a time: what it is doing, and what it has written so far. */
export class WriterRun {
	readonly #now: () => number;
	readonly #schedule: Schedule;
	#state: WriterState = $state.raw({ kind: 'idle' });
	#draft: Passage | undefined = $state.raw();
	#controller: AbortController | undefined;
	#running: Promise<boolean> | undefined;

	constructor(now: () => number, schedule: Schedule) {
		this.#now = now;
		this.#schedule = schedule;
	}

	get state(): WriterState {
		return this.#state;
	}
	get busy(): boolean {
		return isBusy(this.#state);
	}
	/** The text being written; undefined while nothing is. */
	get draft(): Passage | undefined {
		return this.#draft;
	}

	/** Shows what came of something, between jobs. */
	settle(state: WriterState): void {
		this.#state = state;
	}

	/** Shows the text that tokens will be added to. */
	begin(draft: Passage): void {
		this.#draft = draft;
	}

	stop(): void {
		this.#controller?.abort();
	}

	/** Stops and waits until nothing runs. */
	async end(): Promise<void> {
		this.stop();
		await this.#running;
	}

	/**
	 * Runs a job unless one runs already. The job returns the state it ends in; when it throws, the
	 * state says why.
	 * @returns whether it ran to its end
	 */
	async start(purpose: Purpose, job: (hooks: JobHooks) => Promise<WriterState>): Promise<boolean> {
		if (this.busy) return false;
		this.#running = this.#run(purpose, job);
		return this.#running;
	}

	async #run(purpose: Purpose, job: (hooks: JobHooks) => Promise<WriterState>): Promise<boolean> {
		const controller = new AbortController();
		this.#controller = controller;
		this.#state = { kind: 'loading', progress: undefined };
		const tokens = this.#tokenSink(purpose);
		try {
			const state = await job({
				signal: controller.signal,
				onProgress: (progress) => (this.#state = { kind: 'loading', progress }),
				onStart: () => tokens.start(),
				onToken: (token) => tokens.batch.push(token)
			});
			tokens.end();
			this.#state = state;
			return true;
		} catch (error) {
			tokens.end();
			this.#state = isAbort(error)
				? { kind: 'idle' }
				: { kind: 'failed', error: toStudioError(error).toRecord() };
			return false;
		} finally {
			this.#draft = undefined;
			this.#controller = undefined;
		}
	}

	/** Adds tokens to the draft once a frame, and counts and times them. */
	#tokenSink(purpose: Purpose): {
		batch: FrameBatch<TokenRecord>;
		start: () => void;
		end: () => void;
	} {
		let [count, startedAt, firstAt, open] = [0, this.#now(), 0, true];
		const batch = new FrameBatch<TokenRecord>(this.#schedule, (items) => {
			if (!open) return;
			const now = this.#now();
			if (count === 0) firstAt = now;
			const seconds = (now - firstAt) / 1000;
			const rate = count > 0 && seconds > 0 ? (count + items.length - 1) / seconds : undefined;
			count += items.length;
			if (this.#draft) this.#draft = extendPassage(this.#draft, items.map(byModel));
			this.#state = {
				kind: 'generating',
				purpose,
				tokens: count,
				tokensPerSecond: rate,
				timeToFirstTokenMs: firstAt - startedAt
			};
		});
		const start = (): void => {
			[count, startedAt, firstAt] = [0, this.#now(), 0];
			this.#state = {
				kind: 'generating',
				purpose,
				tokens: 0,
				tokensPerSecond: undefined,
				timeToFirstTokenMs: undefined
			};
		};
		return { batch, start, end: () => (open = false) };
	}
}
