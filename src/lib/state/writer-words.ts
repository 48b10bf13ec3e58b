/**
 * Words the chips offer: among the most frequent in the headers of the stories the bundled model
 * learned from.
 */
export const STORY_WORDS = [
	'dog',
	'boat',
	'moon',
	'snow',
	'bear',
	'dragon',
	'robot',
	'rain',
	'hat',
	'train',
	'grandmother',
	'bridge',
	'king',
	'owl',
	'soup',
	'lantern',
	'island',
	'mouse',
	'kite',
	'whistle'
] as const;

/** Headers of the training stories name two to four words; more than that it has never seen. */
export const MOST_WORDS = 4;

const HEADER = /^Words:[ \t]*([^\n]*)(?:\n|$)/;

/** Words of the header line `Words: dog, boat` at the start of a prompt; none without a header. */
export function headerWords(prompt: string): string[] {
	const line = HEADER.exec(prompt)?.[1] ?? '';
	return line
		.split(',')
		.map((word) => word.trim())
		.filter((word) => word !== '');
}

/** The prompt without its header line. */
export function withoutHeader(prompt: string): string {
	return prompt.replace(HEADER, '');
}

/** The prompt with a header of exactly these words; without a header when there are none. */
export function withWords(prompt: string, words: readonly string[]): string {
	const story = withoutHeader(prompt);
	return words.length === 0 ? story : `Words: ${words.join(', ')}\n${story}`;
}

/**
 * Adds a word to the header or takes it out. A fifth word pushes out the oldest.
 * @returns the new prompt; everything behind the header stays as it is
 */
export function toggleWord(prompt: string, word: string): string {
	const words = headerWords(prompt);
	const known = words.includes(word);
	const next = known ? words.filter((other) => other !== word) : [...words, word];
	return withWords(prompt, next.slice(-MOST_WORDS));
}
