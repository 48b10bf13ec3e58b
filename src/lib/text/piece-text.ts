import type { Tokenizer } from '#lib/core/tokenizer.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text of a single token out of context, for lists of alternatives: whole UTF-8 as it is, any bytes
 * that are only part of a character as `<0xE2>`, the notation of SentencePiece vocabularies. Empty
 * for special tokens.
 */
export function pieceText(tokenizer: Tokenizer, id: number): string {
	const bytes = tokenizer.bytesOf(id);
	try {
		return strict.decode(bytes);
	} catch {
		return brokenText(bytes);
	}
}

function brokenText(bytes: Uint8Array): string {
	let text = '';
	for (let at = 0; at < bytes.length;) {
		const length = characterLength(bytes, at);
		if (length === 0) {
			text += `<0x${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')}>`;
			at += 1;
		} else {
			text += strict.decode(bytes.subarray(at, at + length));
			at += length;
		}
	}
	return text;
}

/** Bytes of the whole character that begins at `at`; 0 when none does. */
function characterLength(bytes: Uint8Array, at: number): number {
	for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
		try {
			strict.decode(bytes.subarray(at, at + length));
			return length;
		} catch {
			// Not a character yet: try one byte more.
		}
	}
	return 0;
}
