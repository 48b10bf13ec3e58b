import type { ErrorRecord } from '#lib/core/errors.ts';
import { StudioError } from '#lib/core/errors.ts';
import type { FinishReason, TokenRecord } from '#lib/core/generation.ts';

/** What a host page asks the embedded writer to write. Everything but the prompt is optional. */
export interface EmbedRequest {
	readonly prompt: string;
	/** Most tokens to write, 1–4096. */
	readonly maxTokens?: number;
	/** 0 is greedy; 0–2. */
	readonly temperature?: number;
	readonly topK?: number;
	readonly topP?: number;
	readonly minP?: number;
	readonly repetitionPenalty?: number;
	/** The same seed, device and model give the same text. */
	readonly seed?: number;
	readonly stop?: readonly string[];
}

export interface EmbedResult {
	readonly text: string;
	readonly tokens: readonly TokenRecord[];
	readonly finish: FinishReason;
	readonly tokensPerSecond: number;
	readonly timeToFirstTokenMs: number;
	/** `webgpu` or `wasm`. */
	readonly device: string;
	readonly model: string;
}

/** What the frame offers to its host. */
export interface FrameMethods {
	/** Writes; rejects with an {@link ErrorRecord}. A call while one runs stops that one first. */
	generate(request: EmbedRequest): Promise<EmbedResult>;
	/** Stops the running generation, which then resolves with what it has. */
	stop(): Promise<void>;
}

/** What the frame tells its host. A host implements what it wants to hear. */
export interface HostMethods {
	ready(info: { readonly version: number }): void;
	token(token: TokenRecord): void;
	result(result: EmbedResult): void;
	error(error: ErrorRecord): void;
}

/** Changes when a method or event changes meaning. */
export const PROTOCOL_VERSION = 1;

/** Ranges of the numbers a host may set: [least, most, whole numbers only]. */
const RANGES = {
	maxTokens: [1, 4096, true],
	temperature: [0, 2, false],
	topK: [0, 100_000, true],
	topP: [0, 1, false],
	minP: [0, 1, false],
	repetitionPenalty: [0.1, 10, false],
	seed: [0, 4294967295, true]
} as const;

/**
 * Checks a request that came from another window.
 * @throws StudioError `bad-input` naming the field, what was expected and what came
 */
export function readEmbedRequest(value: unknown): EmbedRequest {
	if (typeof value !== 'object' || value === null) throw wrong('request', 'an object', value);
	const fields = value as Record<string, unknown>;
	if (typeof fields.prompt !== 'string') throw wrong('prompt', 'a string', fields.prompt);
	const request: Record<string, unknown> = { prompt: fields.prompt };
	for (const [name, [least, most, whole]] of Object.entries(RANGES)) {
		const field = fields[name];
		if (field === undefined) continue;
		const fits = typeof field === 'number' && field >= least && field <= most;
		if (!fits || (whole && !Number.isInteger(field))) {
			throw wrong(name, `${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`, field);
		}
		request[name] = field;
	}
	if (fields.stop !== undefined) request.stop = readStop(fields.stop);
	return request as unknown as EmbedRequest;
}

function readStop(value: unknown): readonly string[] {
	const fits = Array.isArray(value) && value.every((item) => typeof item === 'string' && item);
	if (!fits) throw wrong('stop', 'a list of non-empty strings', value);
	return value as string[];
}

function wrong(field: string, expected: string, came: unknown): StudioError {
	const shown = JSON.stringify(came)?.slice(0, 80) ?? String(came);
	return new StudioError(
		'bad-input',
		`"${field}" must be ${expected}; got ${shown}.`,
		'Correct the call in the page that embeds the writer.'
	);
}
