import type { ErrorRecord } from '#lib/core/errors.ts';
import type { Notice } from '#lib/core/notice.ts';

export type NoticeKind = 'info' | 'success' | 'warning' | 'error';

/** A passing message, as the notices region shows it. */
export interface NoticeItem {
	readonly id: number;
	readonly kind: NoticeKind;
	readonly message: string;
	readonly hint?: string;
	readonly action?: { readonly label: string; readonly run: () => void };
}

const KIND_OF: Record<Notice['kind'], NoticeKind> = {
	fallback: 'warning',
	recovered: 'success',
	storage: 'warning',
	info: 'info',
	error: 'error'
};

/** Good news goes by itself after this many milliseconds; whatever needs an act stays. */
const PASSING_MS = 8_000;
/** The oldest make room beyond this count. */
const MOST = 4;

/** The passing messages of the whole studio, oldest first. */
export class Notices {
	#items: readonly NoticeItem[] = $state.raw([]);
	#next = 0;

	get items(): readonly NoticeItem[] {
		return this.#items;
	}

	/**
	 * Shows a message; the same text again replaces the one on show.
	 * @returns its id, for {@link dismiss}
	 */
	add(item: Omit<NoticeItem, 'id'>): number {
		const id = this.#next++;
		const others = this.#items.filter(({ message }) => message !== item.message);
		this.#items = [...others, { ...item, id }].slice(-MOST);
		const passing = (item.kind === 'info' || item.kind === 'success') && !item.action;
		if (passing) setTimeout(() => this.dismiss(id), PASSING_MS);
		return id;
	}

	/** Shows what the engine has to say. */
	addNotice({ kind, message, hint }: Notice): number {
		return this.add({ kind: KIND_OF[kind], message, ...(hint ? { hint } : {}) });
	}

	/** Shows an error with its hint. */
	addError({ message, hint }: ErrorRecord): number {
		return this.add({ kind: 'error', message, hint });
	}

	dismiss(id: number): void {
		this.#items = this.#items.filter((item) => item.id !== id);
	}
}
