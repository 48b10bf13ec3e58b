import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import { byteFallbackFiles, byteLevelFiles, unigramFiles } from './testing/tiny-tokenizers.ts';
import { createTokenizer } from './tokenizer.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';

const utf8 = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

function codeOf(make: () => unknown): string {
	try {
		make();
	} catch (error) {
		expect(error).toBeInstanceOf(StudioError);
		const { code, message, hint } = error as StudioError;
		expect(hint.length).toBeGreaterThan(20);
		return `${code}: ${message}`;
	}
	return 'no error';
}

describe('createTokenizer, byte-level', () => {
	const tokenizer = createTokenizer(byteLevelFiles());
	const end = tokenizer.beginId ?? -1;

	it('applies the merges', () => {
		const ids = tokenizer.encode('the cat sat');
		expect(ids).toHaveLength(3);
		expect(ids.map((id) => utf8(tokenizer.bytesOf(id)))).toEqual(['the', ' cat', ' sat']);
	});

	it.each(['', 'héllo wörld', '👩‍👩‍👧 family', 'tab\tnul\0bell\x07\n\n', '  two  spaces ', '漢字'])(
		'decodes what it encoded: %j',
		(text) => expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
	);

	it('round-trips any well-formed text', () => {
		const text = fc
			.array(fc.nat({ max: 0x10ffff }), { maxLength: 20 })
			.map((points) => String.fromCodePoint(...points));
		fc.assert(
			fc.property(text, (any) => {
				expect(tokenizer.decode(tokenizer.encode(any))).toBe(any.toWellFormed());
			}),
			{ seed: 1, numRuns: 200 }
		);
	});

	it('replaces lone surrogates', () => {
		expect(tokenizer.decode(tokenizer.encode('a\ud800b\udc00'))).toBe('a\ufffdb\ufffd');
	});

	it('takes special tokens in the text for text, added words for tokens', () => {
		const ids = tokenizer.encode('a<|endoftext|>b');
		expect(ids).not.toContain(end);
		expect(tokenizer.decode(ids)).toBe('a<|endoftext|>b');
		const [think] = tokenizer.encode('<think>');
		expect(think).toBe(end + 2);
		expect(tokenizer.decode([end + 2])).toBe('<think>');
	});

	it('leaves special tokens and unknown ids out of the text', () => {
		expect(tokenizer.decode([end, ...tokenizer.encode('the'), end])).toBe('the');
		expect(tokenizer.bytesOf(end)).toHaveLength(0);
		expect(tokenizer.bytesOf(1e6)).toHaveLength(0);
	});

	it('counts added tokens in the vocabulary', () => expect(tokenizer.vocabSize).toBe(end + 3));

	it('encodes 100,000 characters', () => {
		const words = 'the cat sat and '.repeat(6250);
		expect(tokenizer.decode(tokenizer.encode(words))).toBe(words);
		const one = 'x'.repeat(100_000);
		expect(tokenizer.encode(one)).toHaveLength(100_000);
	});
});

describe('beginning and end of texts', () => {
	const end = createTokenizer(byteLevelFiles()).beginId ?? -1;

	it('takes the begin token from the post-processor', () => expect(end).toBeGreaterThan(255));

	it('lets add_bos_token decide where it is given', () => {
		const config = { bos_token: '<|user|>', eos_token: '<|endoftext|>' };
		const begin = (extra: object) =>
			createTokenizer(byteLevelFiles({ config: { ...config, ...extra } })).beginId;
		expect(begin({ add_bos_token: false })).toBeUndefined();
		expect(begin({ add_bos_token: true })).toBe(end + 1);
		expect(begin({})).toBe(end);
	});

	it('collects end ids from lists, numbers and the eos token', () => {
		const ends = (generation: object) => createTokenizer(byteLevelFiles({ generation })).endIds;
		expect(ends({ eos_token_id: [7, 9] })).toEqual([7, 9, end]);
		expect(ends({ eos_token_id: end })).toEqual([end]);
		expect(ends({})).toEqual([end]);
	});

	it('falls back on config.json for the end id', () => {
		const files = {
			'tokenizer.json': byteLevelFiles()['tokenizer.json'],
			'config.json': '{"eos_token_id": 3}'
		};
		expect(createTokenizer(files).endIds).toEqual([3]);
	});
});

describe.each(['gemma', 'llama', 'metaspace-first'] as const)('byte fallback, %s', (kind) => {
	const tokenizer = createTokenizer(byteFallbackFiles(kind));

	it.each(['the cat sat', 'Zürich', '日本 🎈', 'a\u0001b', '</s>', 'x  y', 'x\n\ny'])(
		'decodes what it encoded: %j',
		(text) => expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
	);

	it('gives single bytes to byte tokens', () => {
		const bytes = tokenizer.encode('é').map((id) => [...tokenizer.bytesOf(id)]);
		expect(bytes.slice(-2)).toEqual([[0xc3], [0xa9]]);
	});

	it('keeps the space of a word that goes on', () => {
		const cat = tokenizer.encode('the cat').at(-1) ?? -1;
		expect(utf8(tokenizer.bytesOf(cat))).toBe(' cat');
	});

	it('reads end ids and the begin token', () => {
		expect(tokenizer.endIds).toEqual([2, 1]);
		expect(tokenizer.beginId).toBe(1);
	});
});

it('encodes 100,000 characters without a pre-tokenizer', () => {
	const tokenizer = createTokenizer(byteFallbackFiles('gemma'));
	const text = 'the cat sat '.repeat(8334).slice(0, 100_000);
	expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
});

describe('Unigram', () => {
	it('finds the likeliest pieces', () => {
		const tokenizer = createTokenizer(unigramFiles());
		const ids = tokenizer.encode('the cat');
		expect(ids).toEqual([3, 4]);
		expect(tokenizer.decode(ids)).toBe('the cat');
	});
});

describe('damaged files', () => {
	const good = byteLevelFiles();
	const withJson = (json: string): TokenizerFiles => ({ ...good, 'tokenizer.json': json });

	it.each<[string, TokenizerFiles, RegExp]>([
		['missing', { 'tokenizer_config.json': '{}' }, /^bad-model: .*no tokenizer\.json/],
		['truncated', withJson(good['tokenizer.json']?.slice(0, 900) ?? ''), /^bad-model: .*not valid/],
		['garbage', withJson('\0\x01PK'), /^bad-model: tokenizer\.json is not valid JSON/],
		['an array', withJson('[]'), /^bad-model: .*JSON object/],
		['without a model', withJson('{}'), /^bad-model: .*"model"/],
		['without a vocabulary', withJson('{"model":{"type":"BPE"}}'), /^bad-model: /],
		['of an unknown kind', withJson('{"model":{"type":"Quantum"}}'), /^bad-model: .*Quantum/],
		['with odd added tokens', withJson('{"model":{},"added_tokens":[{"id":"x"}]}'), /^bad-model: /],
		['with a damaged config', { ...good, 'tokenizer_config.json': '{' }, /tokenizer_config\.json/],
		[
			'with a CTC decoder',
			withJson(
				JSON.stringify({
					model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
					added_tokens: [],
					decoder: { type: 'CTC' }
				})
			),
			/^unsupported: .*CTC/
		]
	])('says what is wrong with a tokenizer that is %s', (_, files, expected) => {
		expect(codeOf(() => createTokenizer(files))).toMatch(expected);
	});
});
