import { StudioError } from '../../core/errors.ts';

/** What a decoder's `config.json` says that its graph does not. */
export interface DecoderConfig {
	readonly contextLength: number;
	readonly vocabSize: number | undefined;
	/** Heads of the key–value cache (grouped-query attention has fewer than query heads). */
	readonly keyValueHeads: number | undefined;
	readonly headDim: number | undefined;
}

/** Names that architectures use for one thing, the common one first. */
const NAMES = {
	contextLength: ['max_position_embeddings', 'n_positions', 'n_ctx', 'max_seq_len', 'seq_length'],
	vocabSize: ['vocab_size'],
	heads: ['num_attention_heads', 'n_head', 'num_heads'],
	keyValueHeads: ['num_key_value_heads', 'n_head_kv'],
	hidden: ['hidden_size', 'n_embd', 'd_model'],
	headDim: ['head_dim']
} as const;

const DEFAULT_CONTEXT = 2048;

/**
 * Reads a Hugging Face `config.json`; the language model of a multimodal one lies in `text_config`.
 * Models that name no context length (ALiBi) get 2,048 tokens.
 * @param config the parsed JSON
 * @throws StudioError `bad-model` when it is not an object
 */
export function readDecoderConfig(config: unknown): DecoderConfig {
	if (typeof config !== 'object' || config === null || Array.isArray(config)) {
		throw new StudioError(
			'bad-model',
			'config.json should hold an object that describes the model.',
			'Fetch the model again: its config.json is damaged.'
		);
	}
	const outer = config as Record<string, unknown>;
	const nested = outer['text_config'];
	const fields =
		typeof nested === 'object' && nested !== null ? { ...outer, ...(nested as object) } : outer;
	const number = (names: readonly string[]): number | undefined => {
		for (const name of names) {
			const value = (fields as Record<string, unknown>)[name];
			if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
		}
		return undefined;
	};
	const heads = number(NAMES.heads);
	const hidden = number(NAMES.hidden);
	const derived = heads !== undefined && hidden !== undefined ? hidden / heads : undefined;
	return {
		contextLength: number(NAMES.contextLength) ?? DEFAULT_CONTEXT,
		vocabSize: number(NAMES.vocabSize),
		keyValueHeads: number(NAMES.keyValueHeads) ?? heads,
		headDim: number(NAMES.headDim) ?? derived
	};
}
