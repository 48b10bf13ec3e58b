/** Prompt that a fresh page shows. */
export const FIRST_PROMPT = 'Words: dog, boat, moon\nOne evening';

/** A prompt to start from. */
export interface PromptExample {
	readonly label: string;
	readonly prompt: string;
}

/** Six beginnings of the kind the bundled model was trained on. */
export const EXAMPLES: readonly PromptExample[] = [
	{ label: 'A dragon who is afraid', prompt: 'Words: dragon, candle, dark\nThe little dragon' },
	{ label: 'The last bus', prompt: 'Words: bus, rain, umbrella\nThe last bus of the day' },
	{ label: 'A letter from the sea', prompt: 'Words: letter, sea, bottle\nDear' },
	{ label: 'Grandmother’s soup', prompt: 'Words: grandmother, soup, spoon\n"This soup,"' },
	{ label: 'A robot learns to draw', prompt: 'Words: robot, paint, window\nThe robot' },
	{ label: 'Once upon a time', prompt: 'Once upon a time there was a' }
];

/** C0 and C1 control characters other than tab, line feed and carriage return. */
const CONTROL = /[\p{Cc}--[\t\n\r]]/gv;

/** Things worth telling about a prompt before it runs, each a sentence; none for ordinary text. */
export function promptNotes(prompt: string): string[] {
	const notes: string[] = [];
	if (prompt === '') notes.push('The prompt is empty: the model starts a text of its own.');
	const controls = prompt.match(CONTROL)?.length ?? 0;
	if (controls > 0) {
		notes.push(
			`The prompt holds ${count(controls, 'control character')}; the model has hardly seen any and may lose its thread.`
		);
	}
	if (!prompt.isWellFormed()) {
		notes.push('The prompt holds half a character (a lone surrogate); the model reads it as �.');
	}
	return notes;
}

/** The prompt as the engine gets it: half characters become U+FFFD, everything else stays. */
export function wellFormedPrompt(prompt: string): string {
	return prompt.toWellFormed();
}

function count(number: number, noun: string): string {
	return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
