import { StudioError } from '#lib/core/errors.ts';
import { BYTE_OF_CHARACTER } from './byte-alphabet.ts';
import { isObject, type JsonObject } from './json.ts';

/** How the strings of a vocabulary become bytes of text. */
export interface PieceDecoder {
	/** Bytes of one vocabulary string, wherever in a text it stands. */
	bytes(piece: string): Uint8Array;
	/** Spaces that encoding puts before a text and that decoding a whole text takes away again. */
	readonly leadingSpaces: number;
}

/** What one part of a decoder does to a piece; absent fields do nothing. */
interface Step {
	readonly map?: (piece: string) => string;
	/** Bytes that the piece stands for, undefined when it is plain text. */
	readonly bytes?: (piece: string) => Uint8Array | undefined;
	readonly leadingSpaces?: number;
}

const utf8 = new TextEncoder();

/**
 * Reads the `decoder` of a tokenizer.json (the `tokenizers` library's component of that name) as a
 * function of single pieces, so that tokens can be streamed as bytes. The clean-up of spaces before
 * punctuation that some configurations ask for is left out on purpose: the text is what the tokens
 * say.
 * @throws StudioError `unsupported` for a decoder that cannot be read piece by piece (CTC)
 */
export function readDecoder(decoder: unknown): PieceDecoder {
	const steps = isObject(decoder) ? stepsOf(decoder) : [WORDS];
	return {
		leadingSpaces: Math.max(0, ...steps.map((step) => step.leadingSpaces ?? 0)),
		bytes(piece) {
			const text = steps.reduce((mapped, step) => step.map?.(mapped) ?? mapped, piece);
			for (const step of steps) {
				const bytes = step.bytes?.(text);
				if (bytes) return bytes;
			}
			return utf8.encode(text);
		}
	};
}

/** Without a decoder, tokens are words: joined by spaces. */
const WORDS: Step = { map: (piece) => ` ${piece}`, leadingSpaces: 1 };

const STEPS: Readonly<Record<string, (decoder: JsonObject) => Step>> = {
	ByteLevel: () => ({ bytes: byteLevelBytes }),
	ByteFallback: () => ({ bytes: fallbackByte }),
	Fuse: () => ({}),
	Replace: (decoder) => ({ map: replacer(decoder) }),
	Strip: (decoder) => ({
		leadingSpaces: decoder.content === ' ' && typeof decoder.start === 'number' ? decoder.start : 0
	}),
	Metaspace: (decoder) => {
		const replacement = typeof decoder.replacement === 'string' ? decoder.replacement : '▁';
		const bare = decoder.prepend_scheme === 'never' || decoder.add_prefix_space === false;
		return {
			map: (piece) => piece.replaceAll(replacement, ' '),
			leadingSpaces: bare ? 0 : 1
		};
	},
	WordPiece: (decoder) => {
		const prefix = typeof decoder.prefix === 'string' ? decoder.prefix : '##';
		return {
			map: (piece) => (piece.startsWith(prefix) ? piece.slice(prefix.length) : ` ${piece}`),
			leadingSpaces: 1
		};
	},
	BPEDecoder: (decoder) => {
		const suffix = typeof decoder.suffix === 'string' ? decoder.suffix : '</w>';
		return { map: (piece) => piece.replaceAll(suffix, ' ') };
	}
};

function stepsOf(decoder: JsonObject): Step[] {
	if (decoder.type === 'Sequence') {
		const parts = Array.isArray(decoder.decoders) ? decoder.decoders : [];
		return parts.filter(isObject).flatMap(stepsOf);
	}
	const make = STEPS[String(decoder.type)];
	if (!make) {
		throw new StudioError(
			'unsupported',
			`The tokenizer decodes with "${String(decoder.type)}", which is none of ${Object.keys(STEPS).join(', ')}.`,
			'Choose a text generation model whose tokenizer.json uses one of these decoders.'
		);
	}
	return [make(decoder)];
}

function replacer(decoder: JsonObject): (piece: string) => string {
	const content = typeof decoder.content === 'string' ? decoder.content : '';
	const pattern = isObject(decoder.pattern) ? decoder.pattern : {};
	if (typeof pattern.String === 'string') {
		const search = pattern.String;
		return (piece) => piece.replaceAll(search, content);
	}
	if (typeof pattern.Regex === 'string') {
		const search = new RegExp(pattern.Regex, 'gu');
		return (piece) => piece.replace(search, content);
	}
	return (piece) => piece;
}

/** Characters outside the alphabet are taken as they are. */
function byteLevelBytes(piece: string): Uint8Array {
	const bytes: number[] = [];
	for (const character of piece) {
		const byte = BYTE_OF_CHARACTER.get(character);
		if (byte === undefined) bytes.push(...utf8.encode(character));
		else bytes.push(byte);
	}
	return Uint8Array.from(bytes);
}

function fallbackByte(piece: string): Uint8Array | undefined {
	const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece);
	return match?.[1] ? Uint8Array.of(parseInt(match[1], 16)) : undefined;
}
