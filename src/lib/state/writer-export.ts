import type { Passage } from '#lib/core/passage.ts';
import { passageText } from './writer-passage.ts';
import { withoutHeader } from './writer-words.ts';

/** The story as plain text: prompt (without its `Words:` line) and what stands behind it. */
export function passageAsText(passage: Passage): string {
	return withoutHeader(passage.prompt) + passageText(passage);
}

/**
 * Everything that is known about a passage as JSON: prompt, text, tokens with natural-log
 * probabilities, entropies (nats) and alternatives, and each run's settings, seed, model and device.
 */
export function passageAsJson(passage: Passage): string {
	return `${JSON.stringify(
		{
			format: 'vitrine-passage',
			version: 1,
			units: { logprob: 'nats', entropy: 'nats', timeToFirstTokenMs: 'milliseconds' },
			prompt: passage.prompt,
			text: passageText(passage),
			runs: passage.runs,
			tokens: passage.tokens
		},
		null,
		'\t'
	)}\n`;
}

/** A file name from the story's first words: lower case, ASCII, hyphens; `story` when none are left. */
export function fileName(passage: Passage, extension: string): string {
	const words = passageAsText(passage)
		.normalize('NFKD')
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-+/, '')
		.split('-', 6)
		.join('-')
		.slice(0, 48)
		.replace(/-+$/, '');
	return `${words || 'story'}.${extension}`;
}
