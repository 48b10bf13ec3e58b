import type { TokenAlternative } from '#lib/core/generation.ts';
import type { Passage, PassageRun, PassageToken } from '#lib/core/passage.ts';

/** A passage of a prompt and nothing behind it. */
export function emptyPassage(prompt: string): Passage {
	return { prompt, tokens: [], runs: [] };
}

/** The text behind the prompt. */
export function passageText(passage: Passage): string {
	return passage.tokens.map(({ text }) => text).join('');
}

/** Token ids behind the prompt, as `prefixIds` of a request. */
export function passageIds(passage: Passage): number[] {
	return passage.tokens.map(({ id }) => id);
}

/** A short name: the first words of the story, its `Words:` line left out. */
export function passageTitle(passage: Passage, length = 60): string {
	const whole = passage.prompt + passageText(passage);
	const line = whole.replace(/^Words:[^\n]*\n/, '').trim();
	const flat = (line || whole).replace(/\s+/g, ' ').trim();
	if (flat === '') return 'Empty page';
	return flat.length > length ? `${flat.slice(0, length).trimEnd()}…` : flat;
}

/** The first `count` tokens, and the runs that wrote them. */
export function truncatePassage(passage: Passage, count: number): Passage {
	if (count >= passage.tokens.length) return passage;
	return {
		prompt: passage.prompt,
		tokens: passage.tokens.slice(0, count),
		runs: passage.runs
			.filter((run) => run.from < count)
			.map((run) => ({ ...run, count: Math.min(run.count, count - run.from) }))
	};
}

/** The passage with tokens added at its end, and the run that wrote them when a model did. */
export function extendPassage(
	passage: Passage,
	tokens: readonly PassageToken[],
	run?: Omit<PassageRun, 'from' | 'count'>
): Passage {
	const added = run ? [{ ...run, from: passage.tokens.length, count: tokens.length }] : [];
	return {
		prompt: passage.prompt,
		tokens: [...passage.tokens, ...tokens],
		runs: [...passage.runs, ...added]
	};
}

/**
 * Keeps the tokens before `index` and puts one of that position's alternatives there, as a token
 * that a person chose. The rest goes: it was written behind another word.
 * @throws RangeError when the position has no alternatives (a person's own token, or no token)
 */
export function chooseAlternative(
	passage: Passage,
	index: number,
	alternative: TokenAlternative
): Passage {
	const token = passage.tokens[index];
	if (!token || token.by === 'person') {
		throw new RangeError(`token ${index} of ${passage.tokens.length} has no alternatives`);
	}
	const chosen: PassageToken = { ...token, ...alternative, by: 'choice' };
	return extendPassage(truncatePassage(passage, index), [chosen]);
}

/** How many leading tokens two passages share (same prompt, same ids). */
export function sharedTokens(a: Passage, b: Passage): number {
	if (a.prompt !== b.prompt) return 0;
	const limit = Math.min(a.tokens.length, b.tokens.length);
	let count = 0;
	while (count < limit && a.tokens[count]?.id === b.tokens[count]?.id) count++;
	return count;
}
