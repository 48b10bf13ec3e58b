import type { Tokenizer } from '#lib/core/tokenizer.ts';

/**
 * Turns a stream of tokens into a stream of text. A character whose bytes are spread over several
 * tokens comes out whole, with the token that completes it; the tokens before yield ''. So the
 * pieces, with what `end` returns, join to exactly the text of all tokens.
 */
export interface Detokenizer {
	/** Text that this token completes. */
	push(id: number): string;
	/** Whether bytes of an unfinished character wait for the next token. */
	readonly pending: boolean;
	/** Ends the stream: U+FFFD for an unfinished character, else ''. */
	end(): string;
}

/**
 * Starts a stream of text.
 * @param before tokens the stream goes on behind: an unfinished character of theirs is completed.
 *   Empty when the stream begins a text; then the first piece loses the space that encoding puts
 *   before a text, as in `tokenizer.decode`.
 */
export function createDetokenizer(
	tokenizer: Tokenizer,
	before: readonly number[] = []
): Detokenizer {
	const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
	let tail: number[] = [];
	let started = false;
	const push = (id: number): string => {
		const bytes = tokenizer.bytesOf(id);
		if (bytes.length === 0) return '';
		const atStart = !started;
		started = true;
		tail = unfinished([...tail, ...bytes]);
		const text = decoder.decode(bytes, { stream: true });
		return atStart ? text.slice(leadingSpaces(tokenizer, id, bytes)) : text;
	};
	for (const id of before) push(id);
	return {
		push,
		get pending() {
			return tail.length > 0;
		},
		end() {
			tail = [];
			return decoder.decode();
		}
	};
}

/** Spaces that `decode` takes away at the start of a text that begins with this token. */
function leadingSpaces(tokenizer: Tokenizer, id: number, bytes: Uint8Array): number {
	const raw = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
	return raw.length - tokenizer.decode([id]).length;
}

/** Trailing bytes that begin a UTF-8 character and do not finish it. */
function unfinished(bytes: readonly number[]): number[] {
	for (let back = 1; back <= 3 && back <= bytes.length; back++) {
		const byte = bytes[bytes.length - back] ?? 0;
		if (byte < 0x80) return [];
		if (byte >= 0xc2 && byte <= 0xf4) {
			const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
			return length > back ? bytes.slice(bytes.length - back) : [];
		}
	}
	return [];
}
