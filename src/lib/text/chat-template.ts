import { Template } from '@huggingface/jinja';
import { StudioError } from '#lib/core/errors.ts';
import type { ChatMessage } from '#lib/core/tokenizer.ts';
import type { JsonObject } from './json.ts';
import { tokenContent } from './special-ids.ts';

export interface ChatEncoderParts {
	/** The model's Jinja chat template. */
	readonly template: string;
	/** tokenizer_config.json: its special tokens are variables of the template. */
	readonly config: JsonObject;
	/** Content → id of the special tokens, which the template may write. */
	readonly specials: ReadonlyMap<string, number>;
	/** Ids of a stretch of plain text; `first` when it begins the whole text. */
	encode(text: string, first: boolean): number[];
}

/**
 * Templates write today's date when `strftime_now` is defined. It is taken away (set to a name that
 * nothing defines), so that the same chat gives the same ids on any day.
 */
const NO_CLOCK = '{% set strftime_now = vitrine_has_no_clock %}';

/** Marks, inside message contents, a special token's text that a person wrote; never encoded. */
const GUARD = '\uE000\uE001';

/**
 * Makes the function chat → ids under a model's template, with the opening of the assistant's turn
 * at the end. Special tokens that the template writes become ids; the same text inside a message
 * stays text, so that a message cannot open a turn of its own.
 * @throws StudioError `bad-model` when the template does not parse
 */
export function chatEncoder(
	parts: ChatEncoderParts
): (messages: readonly ChatMessage[]) => number[] {
	const template = parse(parts.template);
	const contents = [...parts.specials.keys()].filter((content) => content !== '');
	const variables = Object.fromEntries(
		Object.entries(parts.config).flatMap(([name, value]) => {
			const content = name.endsWith('_token') ? tokenContent(value) : undefined;
			return content === undefined ? [] : [[name, content]];
		})
	);
	return (messages) => {
		const guarded = messages.map((message) => ({
			role: message.role,
			content: guard(message.content.toWellFormed().replaceAll(GUARD, ''), contents)
		}));
		const text = render(template, {
			...variables,
			messages: guarded,
			add_generation_prompt: true
		});
		return encodeRendered(text, contents, parts);
	};
}

function parse(template: string): Template {
	try {
		return new Template(NO_CLOCK + template);
	} catch (error) {
		throw new StudioError(
			'bad-model',
			`The chat template does not parse: ${error instanceof Error ? error.message : String(error)}.`,
			'Remove chat_template from the model, or use the one its author published.',
			{ cause: error }
		);
	}
}

function render(template: Template, variables: Record<string, unknown>): string {
	try {
		return template.render(variables);
	} catch (error) {
		throw new StudioError(
			'bad-input',
			`The model's chat template refuses these messages: ${error instanceof Error ? error.message : String(error)}.`,
			'Begin with a user message (some models take no system message) and let the roles alternate.',
			{ cause: error }
		);
	}
}

/** Puts the guard behind the first character of every special token's text. */
function guard(content: string, specials: readonly string[]): string {
	return split(content, specials)
		.map((part) => {
			if (!part.special) return part.text;
			const [first = ''] = part.text;
			return first + GUARD + part.text.slice(first.length);
		})
		.join('');
}

function encodeRendered(
	text: string,
	specials: readonly string[],
	parts: ChatEncoderParts
): number[] {
	return split(text, specials).flatMap((part, index) => {
		const id = part.special ? parts.specials.get(part.text) : undefined;
		return id === undefined ? parts.encode(part.text.replaceAll(GUARD, ''), index === 0) : [id];
	});
}

/** Splits a text at special tokens, the longest first where several match. */
function split(text: string, specials: readonly string[]): { text: string; special: boolean }[] {
	if (specials.length === 0) return [{ text, special: false }];
	const longestFirst = [...specials].sort((a, b) => b.length - a.length);
	const pattern = new RegExp(`(${longestFirst.map(escapeRegExp).join('|')})`, 'u');
	return text
		.split(pattern)
		.map((part, index) => ({ text: part, special: index % 2 === 1 }))
		.filter((part) => part.text !== '');
}

function escapeRegExp(text: string): string {
	return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
