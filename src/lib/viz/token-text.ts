import type { PassageToken } from '#lib/core/passage.ts';
import { entropyLevel, probabilityLevel } from './token-levels.ts';

/** How a person pointed at a token. */
export type Pointing = 'hover' | 'focus' | 'tap';

export interface TokenTextHandlers {
	/** A token is pointed at. */
	onpoint(index: number, element: HTMLElement, how: Pointing): void;
	/** The pointer left the text. */
	onleave(): void;
	/** Enter or Space on a token. */
	onopen(index: number): void;
	/** Escape on a token. @returns whether there was something to close */
	onescape(): boolean;
}

/** Whether a token on the page can stand for another: the same in everything that shows. */
export function sameToken(a: PassageToken | undefined, b: PassageToken | undefined): boolean {
	if (a === b) return true;
	if (!a || !b || a.id !== b.id || a.text !== b.text || a.by !== b.by) return false;
	return a.by === 'person' || b.by === 'person' || a.logprob === b.logprob;
}

/** How many leading tokens may stay when `shown` becomes `next`. */
export function stayingTokens(
	shown: readonly PassageToken[],
	next: readonly PassageToken[]
): number {
	const limit = Math.min(shown.length, next.length);
	let count = 0;
	while (count < limit && sameToken(shown[count], next[count])) count++;
	return count;
}

/** Classes of a token's element: who wrote it, and its tint on every scale. */
export function tokenClasses(token: PassageToken): string {
	if (token.by === 'person') return 'token by-person';
	const levels = `p${probabilityLevel(token.logprob)} e${entropyLevel(token.entropy)}`;
	return token.by === 'choice' ? `token by-choice ${levels}` : `token ${levels}`;
}

/**
 * Renders tokens as spans of `node`, one tab stop for all (arrows, Home and End move along; up and
 * down go by lines). Elements are made once and events are heard on the node, so 512 tokens and
 * more cost a frame nothing but the new ones.
 */
export class TokenText {
	readonly #node: HTMLElement;
	readonly #handlers: TokenTextHandlers;
	readonly #spans: HTMLElement[] = [];
	readonly #listeners = new AbortController();
	#shown: readonly PassageToken[] = [];
	/** The token that Tab reaches. */
	#stop = 0;
	#marked: HTMLElement | undefined;

	constructor(node: HTMLElement, handlers: TokenTextHandlers) {
		this.#node = node;
		this.#handlers = handlers;
		const options = { signal: this.#listeners.signal };
		const hover = (event: PointerEvent): void => {
			if (event.pointerType === 'mouse') this.#point(event, 'hover');
		};
		node.addEventListener('pointerover', hover, options);
		node.addEventListener('pointerleave', () => handlers.onleave(), options);
		node.addEventListener('focusin', (event) => this.#point(event, 'focus'), options);
		node.addEventListener('click', (event) => this.#point(event, 'tap'), options);
		node.addEventListener('keydown', (event) => this.#press(event), options);
	}

	/** Shows these tokens: those that stay keep their elements, new ones are appended. */
	update(tokens: readonly PassageToken[]): void {
		const staying = stayingTokens(this.#shown, tokens);
		for (const span of this.#spans.splice(staying)) span.remove();
		const added = document.createDocumentFragment();
		for (const token of tokens.slice(staying)) {
			const span = document.createElement('span');
			span.className = tokenClasses(token);
			span.tabIndex = -1;
			span.textContent = token.text;
			span.dataset['index'] = String(this.#spans.length);
			this.#spans.push(span);
			added.append(span);
		}
		this.#node.append(added);
		this.#shown = tokens;
		this.#setStop(this.#stop);
	}

	/** Marks the token from which a recomputed text differs; undefined for none. */
	mark(index: number | undefined): void {
		this.#marked?.classList.remove('differs');
		this.#marked = index === undefined ? undefined : this.#spans[index];
		this.#marked?.classList.add('differs');
	}

	/** Moves the keyboard focus to a token and scrolls it into view. */
	focus(index: number): void {
		this.#setStop(index);
		this.#spans[this.#stop]?.focus();
	}

	element(index: number): HTMLElement | undefined {
		return this.#spans[index];
	}

	destroy(): void {
		this.#listeners.abort();
		this.#node.replaceChildren();
	}

	#setStop(index: number): void {
		this.#spans[this.#stop]?.setAttribute('tabindex', '-1');
		this.#stop = Math.max(0, Math.min(index, this.#spans.length - 1));
		this.#spans[this.#stop]?.setAttribute('tabindex', '0');
	}

	#point(event: Event, how: Pointing): void {
		const index = indexOf(event);
		const element = index === undefined ? undefined : this.#spans[index];
		if (index === undefined || !element) return;
		if (how !== 'hover') this.#setStop(index);
		this.#handlers.onpoint(index, element, how);
	}

	#press(event: KeyboardEvent): void {
		const index = indexOf(event);
		if (index === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.key === 'Escape') {
			if (this.#handlers.onescape()) event.stopPropagation();
			return;
		}
		if (event.key === 'Enter' || event.key === ' ') {
			event.preventDefault();
			this.#handlers.onopen(index);
			return;
		}
		const next = nextToken(event.key, index, this.#spans);
		if (next === undefined) return;
		event.preventDefault();
		this.focus(next);
	}
}

/** The token that an event happened on. */
function indexOf(event: Event): number | undefined {
	const span = event.target instanceof Element ? event.target.closest('[data-index]') : null;
	return span instanceof HTMLElement ? Number(span.dataset['index']) : undefined;
}

/** Where a key leads from a token; undefined for keys that lead nowhere. */
function nextToken(key: string, index: number, spans: readonly HTMLElement[]): number | undefined {
	const last = spans.length - 1;
	switch (key) {
		case 'ArrowRight':
			return Math.min(last, index + 1);
		case 'ArrowLeft':
			return Math.max(0, index - 1);
		case 'Home':
			return 0;
		case 'End':
			return last;
		case 'ArrowDown':
			return lineNeighbour(spans, index, 1);
		case 'ArrowUp':
			return lineNeighbour(spans, index, -1);
		default:
			return undefined;
	}
}

/** The token of the next or previous line that is nearest in horizontal position. */
function lineNeighbour(spans: readonly HTMLElement[], index: number, by: 1 | -1): number {
	const from = spans[index]?.getBoundingClientRect();
	if (!from) return index;
	const middle = (from.left + from.right) / 2;
	let [best, distance, line] = [index, Infinity, undefined as number | undefined];
	for (let i = index + by; spans[i]; i += by) {
		const box = spans[i]?.getBoundingClientRect();
		if (!box || Math.abs(box.top - from.top) < from.height / 2) continue;
		line ??= box.top;
		if (Math.abs(box.top - line) > from.height / 2) break;
		const away = Math.abs((box.left + box.right) / 2 - middle);
		if (away < distance) [best, distance] = [i, away];
	}
	return best;
}
