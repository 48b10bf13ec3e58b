import type { TokenPiece } from '#lib/core/generation.ts';
import type { Tokenizer } from '#lib/core/tokenizer.ts';
import { createDetokenizer } from './detokenizer.ts';

/**
 * Cuts a text into its tokens: the texts of the pieces join to `tokenizer.decode(ids)`. A character
 * over several tokens belongs to the one that completes it; special tokens are ''.
 */
export function tokenPieces(tokenizer: Tokenizer, ids: readonly number[]): TokenPiece[] {
	const detokenizer = createDetokenizer(tokenizer);
	const pieces = ids.map((id) => ({ id, text: detokenizer.push(id) }));
	const last = pieces.at(-1);
	if (last) last.text += detokenizer.end();
	return pieces;
}
