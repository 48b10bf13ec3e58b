import { StudioError } from '#lib/core/errors.ts';
import type { GenerationRequest, SamplingSettings } from '#lib/core/generation.ts';

/** A rule for one number of the sampling settings. */
interface Rule {
	readonly holds: (value: number) => boolean;
	readonly expected: string;
}

const finite = (value: number): boolean => Number.isFinite(value);
const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const share = (value: number): boolean => value >= 0 && value <= 1;

const RULES: Readonly<Record<keyof SamplingSettings, Rule>> = {
	temperature: {
		holds: (value) => finite(value) && value >= 0,
		expected: 'a number from 0 (greedy) up'
	},
	repetitionPenalty: {
		holds: (value) => finite(value) && value > 0,
		expected: 'a number above 0 (1 is off)'
	},
	topK: { holds: whole, expected: 'a whole number from 0 (off) up' },
	topP: { holds: (value) => share(value) && value > 0, expected: 'above 0 and at most 1 (off)' },
	minP: { holds: share, expected: 'between 0 (off) and 1' },
	seed: { holds: finite, expected: 'a finite number' }
};

/**
 * Checks the numbers of a request.
 * @throws StudioError `bad-input` that names the first one that is wrong
 */
export function checkRequest(request: GenerationRequest): void {
	for (const [name, rule] of Object.entries(RULES) as [keyof SamplingSettings, Rule][]) {
		requireRule(name, request.settings[name], rule);
	}
	requireRule('maxTokens', request.maxTokens, {
		holds: whole,
		expected: 'a whole number from 0 up'
	});
	requireRule('alternatives', request.alternatives, {
		holds: whole,
		expected: 'a whole number from 0 up'
	});
}

function requireRule(name: string, value: number, rule: Rule): void {
	if (typeof value === 'number' && rule.holds(value)) return;
	throw new StudioError(
		'bad-input',
		`${name} must be ${rule.expected}, but is ${String(value)}.`,
		`Set ${name} to ${rule.expected}.`
	);
}

/**
 * Checks the tokens that a generation is to start from.
 * @throws StudioError `bad-input` when there is none, one is no token, or they fill the context;
 *   `bad-model` when the tokenizer and the model disagree
 */
export function checkStart(
	ids: readonly number[],
	prefixIds: readonly number[],
	limits: { readonly vocabSize: number; readonly contextLength: number }
): void {
	const strange = prefixIds.find((id) => !whole(id) || id >= limits.vocabSize);
	if (strange !== undefined) {
		throw new StudioError(
			'bad-input',
			`The text to continue holds token ${strange}, but this model's tokens are 0 to ${limits.vocabSize - 1}.`,
			'Continue with the model that wrote the text, or pass the text as the prompt.'
		);
	}
	const foreign = ids.find((id) => !whole(id) || id >= limits.vocabSize);
	if (foreign !== undefined) {
		throw new StudioError(
			'bad-model',
			`The tokenizer gives token ${foreign}, but the model knows only 0 to ${limits.vocabSize - 1}.`,
			'Use the tokenizer.json that was published with this model.'
		);
	}
	if (ids.length === 0) {
		throw new StudioError(
			'bad-input',
			'The prompt is empty, and this model has no token that begins a text.',
			'Write a few words to begin with.'
		);
	}
	if (ids.length < limits.contextLength) return;
	const excess = ids.length - limits.contextLength + 1;
	throw new StudioError(
		'bad-input',
		`The prompt has ${ids.length} tokens, but this model holds ${limits.contextLength} with the text it writes.`,
		`Shorten the prompt by at least ${excess} ${excess === 1 ? 'token' : 'tokens'} (about ${Math.ceil(excess * 4)} characters); more leaves room to write.`
	);
}
