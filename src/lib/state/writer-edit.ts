import type { PassageToken } from '#lib/core/passage.ts';

/** What a person's edit leaves of the tokens, and what has to be tokenised anew behind them. */
export interface Edit {
	/** Leading tokens that stay, with their probabilities. */
	readonly kept: number;
	/** Text behind them. */
	readonly rest: string;
}

/**
 * Finds what an edit leaves. Tokens stay up to the first difference, and back from there to a
 * boundary before whitespace: ` do` + `g` is not what a tokenizer makes of ` dog`, so a word that
 * was touched is tokenised as a whole.
 */
export function splitEdit(tokens: readonly PassageToken[], edited: string): Edit {
	const ends = tokenEnds(tokens);
	const text = tokens.map((token) => token.text).join('');
	let common = 0;
	while (common < text.length && common < edited.length && text[common] === edited[common]) {
		common++;
	}
	if (common === text.length && common === edited.length) return { kept: tokens.length, rest: '' };
	let kept = ends.filter((end) => end <= common).length;
	while (kept > 0 && !isBoundary(edited, ends[kept - 1] ?? 0)) kept--;
	return { kept, rest: edited.slice(ends[kept - 1] ?? 0) };
}

/** Offset behind each token, in UTF-16 units. */
function tokenEnds(tokens: readonly PassageToken[]): number[] {
	let end = 0;
	return tokens.map(({ text }) => (end += text.length));
}

/** Whether tokenising may begin at an offset: at the end or before whitespace. */
function isBoundary(text: string, offset: number): boolean {
	return offset === text.length || /\s/.test(text.charAt(offset));
}

/** Whether a text can be cut at token boundaries: no token shows a half character (U+FFFD). */
export function hasBrokenCharacter(tokens: readonly PassageToken[]): boolean {
	return tokens.some(({ text }) => text.includes('\uFFFD'));
}
