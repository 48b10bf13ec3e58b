import type { HistoryEntry, HistoryStore } from '#lib/core/history.ts';
import { toStudioError, type ErrorRecord } from '#lib/core/errors.ts';
import type { Passage } from '#lib/core/passage.ts';
import type { BranchKind } from './writer-branches.ts';
import { sharedTokens } from './writer-passage.ts';

/** The passages kept on this machine, as the page lists them. */
export type HistoryState =
	| { readonly kind: 'unknown' }
	| { readonly kind: 'loading' }
	| { readonly kind: 'known'; readonly entries: readonly HistoryEntry[] }
	| { readonly kind: 'failed'; readonly error: ErrorRecord };

export interface HistoryOptions {
	readonly store: () => Promise<HistoryStore>;
	/** Milliseconds since 1970. */
	readonly clock?: () => number;
}

/** Keeps finished passages and lists them; nothing of it leaves the machine. */
export class History {
	readonly #store: () => Promise<HistoryStore>;
	readonly #clock: () => number;
	#state: HistoryState = $state.raw({ kind: 'unknown' });
	#last: HistoryEntry | undefined;
	#count = 0;

	constructor({ store, clock = () => Date.now() }: HistoryOptions) {
		this.#store = store;
		this.#clock = clock;
	}

	get state(): HistoryState {
		return this.#state;
	}

	/**
	 * Keeps a passage. One that only continues the last one takes its place; anything else is an
	 * entry of its own. A failure shows in the state and throws nothing: the text is on the page.
	 */
	async keep(passage: Passage, kind: BranchKind): Promise<void> {
		const savedAt = this.#clock();
		const id = this.#extendsLast(passage, kind) ?? `${savedAt.toString(36)}-${this.#count++}`;
		const entry = { id, savedAt, passage };
		this.#last = entry;
		await this.#change(async (store) => store.append(entry));
	}

	/** Reads the list. */
	async load(): Promise<void> {
		if (this.#state.kind !== 'known') this.#state = { kind: 'loading' };
		await this.#change(async () => undefined, true);
	}

	async remove(id: string): Promise<void> {
		await this.#change((store) => store.remove(id));
	}

	async clear(): Promise<void> {
		await this.#change((store) => store.clear());
	}

	#extendsLast(passage: Passage, kind: BranchKind): string | undefined {
		const last = this.#last;
		if (kind !== 'continue' || !last) return undefined;
		return sharedTokens(last.passage, passage) === last.passage.tokens.length ? last.id : undefined;
	}

	/** Changes the store and reads the list again, when it is on show. */
	async #change(act: (store: HistoryStore) => Promise<void>, list = false): Promise<void> {
		const shown = list || this.#state.kind === 'known';
		try {
			const store = await this.#store();
			await act(store);
			if (shown) this.#state = { kind: 'known', entries: await store.list() };
		} catch (error) {
			this.#state = { kind: 'failed', error: toStudioError(error).toRecord() };
		}
	}
}
