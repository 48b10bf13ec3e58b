import { Tokenizer as Library } from '@huggingface/tokenizers';
import type { Tokenizer } from '#lib/core/tokenizer.ts';
import { chatEncoder } from './chat-template.ts';
import type { JsonObject } from './json.ts';
import { readDecoder, type PieceDecoder } from './piece-decoder.ts';
import { beginIdOf, endIdsOf } from './special-ids.ts';
import {
	incomplete,
	parseTokenizerFiles,
	type ParsedTokenizerFiles,
	type TokenizerFiles
} from './tokenizer-files.ts';

const NOTHING = new Uint8Array(0);

/**
 * Makes the tokenizer of a Hugging Face-layout model directory. Byte-level BPE, byte-fallback BPE
 * (SentencePiece), Unigram and WordPiece vocabularies are read.
 *
 * - `encode` never yields special tokens: `<|endoftext|>` typed by a person is text. Tokens that
 *   were added as ordinary words are recognised. Lone surrogates become U+FFFD, as UTF-8 has none.
 * - `decode` joins the tokens' bytes and reads them as UTF-8; a space that encoding puts before
 *   every text is taken away at the start again. No clean-up of spaces.
 * - `bytesOf` is empty for special tokens and for ids without an entry (padded vocabularies).
 *
 * @throws StudioError `bad-model` for missing or damaged files, `unsupported` for other decoders
 */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
	const parsed = parseTokenizerFiles(files);
	const encodeSection = sectionEncoder(parsed);
	const specials = new Map(
		parsed.added.filter((token) => token.special).map((token) => [token.content, token.id])
	);
	const { pieces, idOf } = vocabularyOf(parsed, encodeSection.library);
	const decoder = readDecoder(parsed.json.decoder);
	const bytes = byteTable(parsed, pieces, decoder);
	const encode = (text: string): number[] => encodeSection.encode(text, true);
	return {
		vocabSize: pieces.length,
		beginId: beginIdOf(parsed.config, parsed.json.post_processor, idOf),
		endIds: endIdsOf(parsed.generation, parsed.config, idOf),
		encode,
		decode: (ids) => decodeBytes(ids.map(bytes), decoder.leadingSpaces),
		bytesOf: bytes,
		...(parsed.chatTemplate === undefined
			? {}
			: {
					encodeChat: chatEncoder({
						template: parsed.chatTemplate,
						config: parsed.config,
						specials,
						encode: encodeSection.encode
					})
				})
	};
}

interface SectionEncoder {
	readonly library: Library;
	/** Ids of a stretch of plain text; `first` when it begins the whole text. */
	encode(text: string, first: boolean): number[];
}

/**
 * The library finds added tokens in any text, so it is given only those that are ordinary words. A
 * SentencePiece prefix space belongs before the first section only, where the file says so.
 */
function sectionEncoder(parsed: ParsedTokenizerFiles): SectionEncoder {
	const words = (parsed.json.added_tokens as { special?: unknown }[] | undefined) ?? [];
	const json: JsonObject = {
		...parsed.json,
		added_tokens: words.filter((token) => token.special !== true)
	};
	const library = build(json, parsed.config);
	const firstOnly = JSON.stringify(json.pre_tokenizer ?? null);
	const later = firstOnly.includes('"prepend_scheme":"first"')
		? build(
				{
					...json,
					added_tokens: [],
					model: { type: 'BPE', vocab: {}, merges: [] },
					pre_tokenizer: JSON.parse(
						firstOnly.replaceAll('"prepend_scheme":"first"', '"prepend_scheme":"never"')
					) as unknown
				},
				parsed.config
			).pre_tokenizer
		: library.pre_tokenizer;
	const initial = library.pre_tokenizer;
	return {
		library,
		encode(text, first) {
			if (text === '') return [];
			library.pre_tokenizer = first ? initial : later;
			const ids: readonly (number | undefined)[] = library.encode(text.toWellFormed(), {
				add_special_tokens: false
			}).ids;
			return ids.filter((id) => id !== undefined);
		}
	};
}

function build(json: object, config: object): Library {
	try {
		return new Library(json, config);
	} catch (error) {
		throw incomplete(error instanceof Error ? error.message : String(error), error);
	}
}

function vocabularyOf(
	parsed: ParsedTokenizerFiles,
	library: Library
): { pieces: readonly (string | undefined)[]; idOf: (content: string) => number | undefined } {
	const pieces: (string | undefined)[] = [...(library.model?.vocab ?? [])];
	const ids = new Map<string, number>();
	for (const token of parsed.added) {
		pieces[token.id] = token.content;
		ids.set(token.content, token.id);
	}
	if (!pieces.some((piece) => piece !== undefined)) throw incomplete('its vocabulary is empty');
	return { pieces, idOf: (content) => ids.get(content) ?? library.token_to_id(content) };
}

/** Bytes of each id, worked out on first use. Added tokens stand for their own content. */
function byteTable(
	parsed: ParsedTokenizerFiles,
	pieces: readonly (string | undefined)[],
	decoder: PieceDecoder
): (id: number) => Uint8Array {
	const utf8 = new TextEncoder();
	const cache = new Map<number, Uint8Array>();
	for (const token of parsed.added) {
		cache.set(token.id, token.special ? NOTHING : utf8.encode(token.content));
	}
	return (id) => {
		const known = cache.get(id);
		if (known) return known;
		const piece = pieces[id];
		const bytes = piece === undefined ? NOTHING : decoder.bytes(piece);
		cache.set(id, bytes);
		return bytes;
	};
}

/** UTF-8 text of byte runs, without up to `leadingSpaces` spaces at the start. */
function decodeBytes(runs: readonly Uint8Array[], leadingSpaces: number): string {
	const all = new Uint8Array(runs.reduce((length, run) => length + run.length, 0));
	let at = 0;
	for (const run of runs) {
		all.set(run, at);
		at += run.length;
	}
	let start = 0;
	while (start < leadingSpaces && all[start] === 0x20) start++;
	return new TextDecoder('utf-8', { ignoreBOM: true }).decode(all.subarray(start));
}
