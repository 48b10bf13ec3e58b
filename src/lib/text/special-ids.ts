import { isObject, type JsonObject } from './json.ts';

/** Id of a token by its content; undefined when the vocabulary lacks it. */
export type IdOf = (content: string) => number | undefined;

/** Content of a special token as configurations write it: a string or `{content}`. */
export function tokenContent(value: unknown): string | undefined {
	if (typeof value === 'string') return value;
	return isObject(value) && typeof value.content === 'string' ? value.content : undefined;
}

/**
 * Id that the model's training put before every text. `add_bos_token` of tokenizer_config.json
 * decides where it is written down, else the post-processor's template does.
 * @param config tokenizer_config.json
 * @param postProcessor `post_processor` of tokenizer.json
 */
export function beginIdOf(
	config: JsonObject,
	postProcessor: unknown,
	idOf: IdOf
): number | undefined {
	if (config.add_bos_token === false) return undefined;
	const begin = tokenContent(config.bos_token);
	if (config.add_bos_token === true && begin !== undefined) return idOf(begin);
	const first = firstOfTemplate(postProcessor);
	return first === undefined ? undefined : idOf(first);
}

/**
 * Ids that end a generation: `eos_token_id` of generation_config.json (else config.json), a number
 * or a list, then the tokenizer's own `eos_token`. The order is kept, repetitions are dropped.
 */
export function endIdsOf(generation: JsonObject, config: JsonObject, idOf: IdOf): number[] {
	const listed = [generation.eos_token_id].flat().filter(isId);
	const content = tokenContent(config.eos_token);
	const own = content === undefined ? undefined : idOf(content);
	return [...new Set(own === undefined ? listed : [...listed, own])];
}

function isId(value: unknown): value is number {
	return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** Content of the special token that a TemplateProcessing (or a Sequence with one) puts first. */
function firstOfTemplate(processor: unknown): string | undefined {
	if (!isObject(processor)) return undefined;
	if (processor.type === 'Sequence' && Array.isArray(processor.processors)) {
		for (const part of processor.processors) {
			const first = firstOfTemplate(part);
			if (first !== undefined) return first;
		}
		return undefined;
	}
	if (processor.type !== 'TemplateProcessing' || !Array.isArray(processor.single)) return undefined;
	const [first] = processor.single;
	const special = isObject(first) ? first.SpecialToken : undefined;
	return isObject(special) && typeof special.id === 'string' ? special.id : undefined;
}
