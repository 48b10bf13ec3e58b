import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDetokenizer } from './detokenizer.ts';
import { pieceText } from './piece-text.ts';
import { byteFallbackFiles, byteLevelFiles, unigramFiles } from './testing/tiny-tokenizers.ts';
import { createTokenizer } from './tokenizer.ts';

const byteLevel = createTokenizer(byteLevelFiles());
const gemma = createTokenizer(byteFallbackFiles('gemma'));
const llama = createTokenizer(byteFallbackFiles('llama'));
const unigram = createTokenizer(unigramFiles());

describe.each(Object.entries({ byteLevel, gemma, llama, unigram }))(
	'detokenizer, %s',
	(_, tokenizer) => {
		it('streams exactly the text of all tokens, whatever the tokens', () => {
			const ids = fc.array(fc.nat({ max: tokenizer.vocabSize + 2 }), { maxLength: 60 });
			fc.assert(
				fc.property(ids, (tokens) => {
					const stream = createDetokenizer(tokenizer);
					const text = tokens.map((id) => stream.push(id)).join('') + stream.end();
					expect(text).toBe(tokenizer.decode(tokens));
				}),
				{ seed: 2, numRuns: 400 }
			);
		});

		it('goes on behind other tokens as if they were one stream', () => {
			const ids = fc.array(fc.nat({ max: tokenizer.vocabSize - 1 }), { maxLength: 30 });
			fc.assert(
				fc.property(ids, fc.nat({ max: 30 }), (tokens, cut) => {
					const head = createDetokenizer(tokenizer);
					const before = tokens
						.slice(0, cut)
						.map((id) => head.push(id))
						.join('');
					const stream = createDetokenizer(tokenizer, tokens.slice(0, cut));
					const after =
						tokens
							.slice(cut)
							.map((id) => stream.push(id))
							.join('') + stream.end();
					expect(before + after).toBe(tokenizer.decode(tokens));
				}),
				{ seed: 3, numRuns: 200 }
			);
		});
	}
);

describe('characters over several tokens', () => {
	it('come out whole with the token that completes them', () => {
		const stream = createDetokenizer(byteLevel);
		const ids = byteLevel.encode('é🎈');
		expect(ids).toHaveLength(6);
		const steps = ids.map((id) => [stream.push(id), stream.pending]);
		expect(steps).toEqual([
			['', true],
			['é', false],
			['', true],
			['', true],
			['', true],
			['🎈', false]
		]);
		expect(stream.end()).toBe('');
	});

	it('are U+FFFD when the stream ends in their middle', () => {
		const stream = createDetokenizer(byteLevel);
		expect(
			byteLevel
				.encode('é')
				.slice(0, 1)
				.map((id) => stream.push(id))
		).toEqual(['']);
		expect(stream.end()).toBe('\ufffd');
		expect(stream.pending).toBe(false);
	});
});

describe('pieceText', () => {
	const [first = -1, second = -1] = byteLevel.encode('é');

	it('shows whole characters as they are', () => {
		expect(pieceText(byteLevel, byteLevel.encode(' cat')[0] ?? -1)).toBe(' cat');
	});

	it('shows bytes of unfinished characters in hexadecimal', () => {
		expect(pieceText(byteLevel, first)).toBe('<0xC3>');
		expect(pieceText(byteLevel, second)).toBe('<0xA9>');
		const bytesOf = () => Uint8Array.of(0x61, 0xc3, 0xa9, 0xe2, 0x82);
		expect(pieceText({ ...byteLevel, bytesOf }, 0)).toBe('aé<0xE2><0x82>');
	});

	it('shows nothing for special tokens', () => {
		expect(pieceText(byteLevel, byteLevel.beginId ?? -1)).toBe('');
	});
});
