import { describe, expect, it } from 'vitest';
import { readDecoderConfig } from './decoder-config.ts';

describe('readDecoderConfig', () => {
	it.each([
		[
			{ n_positions: 1024, n_head: 12, n_embd: 768, vocab_size: 50257 },
			{ contextLength: 1024, keyValueHeads: 12, headDim: 64, vocabSize: 50257 }
		],
		[
			{
				max_position_embeddings: 40960,
				num_attention_heads: 16,
				num_key_value_heads: 8,
				hidden_size: 1024,
				head_dim: 128
			},
			{ contextLength: 40960, keyValueHeads: 8, headDim: 128, vocabSize: undefined }
		],
		[
			{ vocab_size: 9, text_config: { max_position_embeddings: 77, vocab_size: 262144 } },
			{ contextLength: 77, keyValueHeads: undefined, headDim: undefined, vocabSize: 262144 }
		],
		[
			{ max_position_embeddings: null },
			{ contextLength: 2048, keyValueHeads: undefined, headDim: undefined, vocabSize: undefined }
		]
	])('reads %o', (config, expected) => {
		expect(readDecoderConfig(config)).toEqual(expected);
	});

	it.each([null, 'text', [], 3])('refuses %o', (config) => {
		expect(() => readDecoderConfig(config)).toThrow(/config\.json/);
	});
});
