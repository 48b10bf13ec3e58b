import { BYTE_OF_CHARACTER } from '../byte-alphabet.ts';
import type { TokenizerFiles } from '../tokenizer-files.ts';

/** A vocabulary and merges from the merges alone: base pieces first, then each merge's result. */
function bpe(base: readonly string[], merges: readonly (readonly [string, string])[]) {
	const pieces = [...new Set([...base, ...merges.map(([left, right]) => left + right)])];
	return { pieces, vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])) };
}

/** Merges that build each word left to right. */
function mergesOf(words: readonly string[]): [string, string][] {
	const seen = new Set<string>();
	return words.flatMap((word) => {
		const letters = [...word];
		return letters.slice(1).flatMap((letter, i): [string, string][] => {
			const left = letters.slice(0, i + 1).join('');
			if (seen.has(left + letter)) return [];
			seen.add(left + letter);
			return [[left, letter]];
		});
	});
}

const special = (id: number, content: string) => ({
	id,
	content,
	single_word: false,
	lstrip: false,
	rstrip: false,
	normalized: false,
	special: true
});

/** GPT-2's kind: byte-level BPE, `<|endoftext|>` in front of every text and at its end. */
export function byteLevelFiles(
	overrides: { config?: object; generation?: object } = {}
): TokenizerFiles {
	const merges = mergesOf(['the', 'Ġthe', 'Ġcat', 'Ġsat', 'and', 'Ġand', 'ing']);
	const { pieces, vocab } = bpe([...BYTE_OF_CHARACTER.keys()], merges);
	const end = pieces.length;
	const template = [
		{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } },
		{ Sequence: { id: 'A', type_id: 0 } }
	];
	const json = {
		version: '1.0',
		added_tokens: [
			special(end, '<|endoftext|>'),
			special(end + 1, '<|user|>'),
			{ ...special(end + 2, '<think>'), special: false }
		],
		normalizer: null,
		pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
		post_processor: {
			type: 'TemplateProcessing',
			single: template,
			pair: template,
			special_tokens: {
				'<|endoftext|>': { id: '<|endoftext|>', ids: [end], tokens: ['<|endoftext|>'] }
			}
		},
		decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
		model: { type: 'BPE', vocab, merges: merges.map((pair) => pair.join(' ')) }
	};
	return {
		'tokenizer.json': JSON.stringify(json),
		'tokenizer_config.json': JSON.stringify(
			overrides.config ?? { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' }
		),
		'generation_config.json': JSON.stringify(overrides.generation ?? { eos_token_id: end })
	};
}

const FALLBACK = Array.from(
	{ length: 256 },
	(_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
);
const LETTERS = [...'▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?<>/|\n'];

/** Gemma's and Llama 2's kind: SentencePiece BPE with byte fallback; `prefix` is Llama's space. */
export function byteFallbackFiles(kind: 'gemma' | 'llama' | 'metaspace-first'): TokenizerFiles {
	const merges = mergesOf(['▁the', '▁cat', '▁sat', 'the', 'and']);
	const { vocab } = bpe(['<unk>', '<s>', '</s>', ...FALLBACK, ...LETTERS], merges);
	const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
	const back = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
	const decoders: object[] = [back, { type: 'ByteFallback' }, { type: 'Fuse' }];
	if (kind !== 'gemma') decoders.push({ type: 'Strip', content: ' ', start: 1, stop: 0 });
	const prepend = { type: 'Prepend', prepend: '▁' };
	const json = {
		added_tokens: [special(0, '<unk>'), special(1, '<s>'), special(2, '</s>')],
		normalizer:
			kind === 'gemma'
				? replace
				: kind === 'llama'
					? { type: 'Sequence', normalizers: [prepend, replace] }
					: null,
		pre_tokenizer:
			kind === 'metaspace-first'
				? { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false }
				: null,
		post_processor: null,
		decoder: { type: 'Sequence', decoders },
		model: { type: 'BPE', unk_token: '<unk>', byte_fallback: true, fuse_unk: true, vocab, merges }
	};
	return {
		'tokenizer.json': JSON.stringify(json),
		'tokenizer_config.json': JSON.stringify({
			add_bos_token: true,
			bos_token: { content: '<s>' },
			eos_token: '</s>'
		}),
		'generation_config.json': JSON.stringify({ eos_token_id: [2, 1] })
	};
}

/** T5's kind: Unigram with Metaspace. */
export function unigramFiles(): TokenizerFiles {
	const vocab: [string, number][] = [
		['<unk>', 0],
		['</s>', 0],
		['▁', -3],
		['▁the', -4],
		['▁cat', -4.5],
		...[...'thecats'].map((letter): [string, number] => [letter, -8])
	];
	const metaspace = { type: 'Metaspace', replacement: '▁', add_prefix_space: true };
	return {
		'tokenizer.json': JSON.stringify({
			added_tokens: [special(0, '<unk>'), special(1, '</s>')],
			normalizer: null,
			pre_tokenizer: metaspace,
			post_processor: null,
			decoder: metaspace,
			model: { type: 'Unigram', unk_id: 0, vocab }
		}),
		'tokenizer_config.json': JSON.stringify({ eos_token: '</s>' })
	};
}
