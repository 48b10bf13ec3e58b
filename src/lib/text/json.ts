import { StudioError } from '#lib/core/errors.ts';

/** A JSON object whose fields are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a parsed JSON value is an object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses a file of a model directory that must hold a JSON object.
 * @throws StudioError `bad-model` that names the file
 */
export function parseObject(name: string, text: string): JsonObject {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new StudioError(
			'bad-model',
			`${name} is not valid JSON (${text.length} characters): ${error instanceof Error ? error.message : String(error)}.`,
			`Download or export the model again; ${name} is damaged or cut short.`,
			{ cause: error }
		);
	}
	if (isObject(value)) return value;
	throw new StudioError(
		'bad-model',
		`${name} should hold a JSON object, but holds ${Array.isArray(value) ? 'an array' : String(value)}.`,
		`Download or export the model again; ${name} is not the file it should be.`
	);
}
