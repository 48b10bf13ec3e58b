import { StudioError } from '#lib/core/errors.ts';
import { isObject, parseObject, type JsonObject } from './json.ts';

/** Files of a Hugging Face-layout directory that a tokenizer is made of; only the first is a must. */
export const TOKENIZER_FILES = [
	'tokenizer.json',
	'tokenizer_config.json',
	'generation_config.json',
	'config.json',
	'special_tokens_map.json',
	'chat_template.jinja'
] as const;

export type TokenizerFileName = (typeof TOKENIZER_FILES)[number];

/** Text of each file that the directory has. */
export type TokenizerFiles = Readonly<Partial<Record<TokenizerFileName, string>>>;

/** A token that stands beside the vocabulary proper, such as `<|endoftext|>`. */
export interface AddedToken {
	readonly id: number;
	readonly content: string;
	/** Special tokens are no part of the text: decoding leaves them out. */
	readonly special: boolean;
}

/** The files, parsed and checked as far as the tokenizer needs them. */
export interface ParsedTokenizerFiles {
	/** The tokenizer.json, with the optional components filled in as null. */
	readonly json: JsonObject;
	readonly added: readonly AddedToken[];
	/** special_tokens_map.json under tokenizer_config.json. */
	readonly config: JsonObject;
	/** config.json under generation_config.json. */
	readonly generation: JsonObject;
	readonly chatTemplate: string | undefined;
}

/**
 * Parses the tokenizer's files.
 * @throws StudioError `bad-model` for a missing or damaged file
 */
export function parseTokenizerFiles(files: TokenizerFiles): ParsedTokenizerFiles {
	const text = files['tokenizer.json'];
	if (text === undefined) {
		throw new StudioError(
			'bad-model',
			'The model has no tokenizer.json.',
			'Add the tokenizer.json that `tokenizer.save_pretrained(...)` of transformers writes; a tokenizer.model alone is not read.'
		);
	}
	const optional = (name: TokenizerFileName): JsonObject =>
		files[name] === undefined ? {} : parseObject(name, files[name]);
	const json = parseObject('tokenizer.json', text);
	if (!isObject(json.model)) throw incomplete('it has no "model" object with a vocabulary');
	const config = { ...optional('special_tokens_map.json'), ...optional('tokenizer_config.json') };
	return {
		json: { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...json },
		added: readAdded(json.added_tokens),
		config,
		generation: { ...optional('config.json'), ...optional('generation_config.json') },
		chatTemplate: files['chat_template.jinja'] ?? readTemplate(config.chat_template)
	};
}

/** The `bad-model` error of a tokenizer.json that parses but does not describe a tokenizer. */
export function incomplete(what: string, cause?: unknown): StudioError {
	return new StudioError(
		'bad-model',
		`tokenizer.json does not describe a tokenizer: ${what}.`,
		'Download or export the model again; the file is damaged or of another format.',
		{ cause }
	);
}

function readAdded(value: unknown): AddedToken[] {
	if (value === undefined || value === null) return [];
	if (!Array.isArray(value)) throw incomplete('"added_tokens" is not a list');
	return value.map((entry) => {
		if (
			!isObject(entry) ||
			typeof entry.content !== 'string' ||
			!Number.isInteger(entry.id) ||
			Number(entry.id) < 0
		) {
			throw incomplete('an added token lacks its "id" or "content"');
		}
		return { id: Number(entry.id), content: entry.content, special: entry.special === true };
	});
}

/** A template is a string, or a list of named ones, of which the default counts. */
function readTemplate(value: unknown): string | undefined {
	if (typeof value === 'string') return value;
	if (!Array.isArray(value)) return undefined;
	const templates = value.filter(isObject);
	const chosen = templates.find((entry) => entry.name === 'default') ?? templates[0];
	return typeof chosen?.template === 'string' ? chosen.template : undefined;
}
