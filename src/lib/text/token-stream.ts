import type { TokenRecord } from '#lib/core/generation.ts';
import type { Tokenizer } from '#lib/core/tokenizer.ts';
import { createDetokenizer } from './detokenizer.ts';
import { findStop, heldLength } from './stop-strings.ts';
import type { TokenMeasures } from './token-record.ts';

/**
 * Gives generated tokens their text and hands them out. A token is held back while its text may turn
 * out to be part of a stop string, or while a character it began is unfinished; so what has been
 * handed out is never taken back, and the texts of the tokens join to the text of the generation.
 */
export interface TokenStream {
	/** Takes the next token. @returns whether a stop string ended the text */
	push(measures: TokenMeasures): boolean;
	/** Hands out what is still held; an unfinished character becomes U+FFFD. */
	finish(): void;
	/** Tokens handed out so far. */
	readonly records: readonly TokenRecord[];
	readonly stoppedBy: string | undefined;
}

interface Held {
	readonly measures: TokenMeasures;
	text: string;
}

/**
 * @param before tokens that the generation goes on behind
 * @param stops stop strings; empty ones are ignored
 */
export function createTokenStream(
	tokenizer: Tokenizer,
	before: readonly number[],
	stops: readonly string[],
	emit: (record: TokenRecord) => void
): TokenStream {
	const detokenizer = createDetokenizer(tokenizer, before);
	const records: TokenRecord[] = [];
	let queue: Held[] = [];
	let stoppedBy: string | undefined;
	const release = (count: number): void => {
		for (const { measures, text } of queue.splice(0, count)) {
			const record = { ...measures, text };
			records.push(record);
			emit(record);
		}
	};
	return {
		records,
		get stoppedBy() {
			return stoppedBy;
		},
		push(measures) {
			queue.push({ measures, text: detokenizer.push(measures.id) });
			const text = joined(queue);
			const match = findStop(text, stops);
			if (match) {
				queue = cutAt(queue, match.start);
				stoppedBy = match.stop;
				release(queue.length);
				return true;
			}
			if (!detokenizer.pending) {
				release(countWithin(queue, text.length - heldLength(text, stops)));
			}
			return false;
		},
		finish() {
			const rest = detokenizer.end();
			const last = queue.at(-1);
			if (last) last.text += rest;
			release(queue.length);
		}
	};
}

function joined(queue: readonly Held[]): string {
	return queue.map((entry) => entry.text).join('');
}

/** The entries before a character index, the last of them shortened to end there. */
function cutAt(queue: readonly Held[], index: number): Held[] {
	let start = 0;
	return queue.flatMap((entry) => {
		const text = entry.text.slice(0, Math.max(0, index - start));
		const kept = start < index ? [{ ...entry, text }] : [];
		start += entry.text.length;
		return kept;
	});
}

/** How many entries at the front end at or before a character index. */
function countWithin(queue: readonly Held[], index: number): number {
	let end = 0;
	let count = 0;
	for (const entry of queue) {
		end += entry.text.length;
		if (end > index) break;
		count += 1;
	}
	return count;
}
