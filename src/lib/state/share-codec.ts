import { StudioError } from '#lib/core/errors.ts';
import type { Passage } from '#lib/core/passage.ts';
import { packPassage } from './share-format.ts';
import { readPassage } from './share-read.ts';

/** What a fragment of ours begins with; the number is the version of everything behind it. */
const MARK = 's=1.';
const ANY_VERSION = /^s=(\d+)\./;

/** Alternatives a link keeps of each token, if it stays below {@link COMFORTABLE} characters. */
const ALTERNATIVES = 5;
const COMFORTABLE = 60_000;
/** Longest fragment we make or read; browsers take about two million characters. */
export const LONGEST_FRAGMENT = 1_000_000;
/** A link must not unpack to more than this. */
const LARGEST_RECORD = 16 * 2 ** 20;

/** Whether the fragment of a URL (with or without `#`) claims to be a shared text. */
export function isShareFragment(fragment: string): boolean {
	return ANY_VERSION.test(fragment.replace(/^#/, ''));
}

/**
 * A passage as the fragment of a URL, without `#`: JSON, FNV-1a checksum, raw deflate
 * (RFC 1951), base64url (RFC 4648 §5). Long texts leave their alternatives out.
 * @throws StudioError `bad-input` when the text is too long for a link
 */
export async function encodeShare(passage: Passage): Promise<string> {
	for (const alternatives of [ALTERNATIVES, 0]) {
		const fragment = MARK + (await encode(packPassage(passage, alternatives)));
		if (fragment.length <= COMFORTABLE) return fragment;
		if (alternatives === 0 && fragment.length <= LONGEST_FRAGMENT) return fragment;
	}
	throw new StudioError(
		'bad-input',
		`A link holds ${LONGEST_FRAGMENT.toLocaleString('en')} characters; this text needs more.`,
		'Download it as .json instead.'
	);
}

/**
 * Reads a fragment that {@link encodeShare} made.
 * @throws StudioError `bad-input` for anything else, with what is wrong and what to do
 */
export async function decodeShare(fragment: string): Promise<Passage> {
	const text = fragment.replace(/^#/, '');
	const version = ANY_VERSION.exec(text)?.[1];
	if (version === undefined) throw damaged('it does not begin as one');
	if (version !== '1') {
		throw new StudioError(
			'bad-input',
			`This link has version ${version}; this studio reads version 1.`,
			'Reload the page to get the newest studio.'
		);
	}
	if (text.length > LONGEST_FRAGMENT) throw damaged('it is too long');
	const bytes = await inflate(fromBase64Url(text.slice(MARK.length)));
	const body = bytes.subarray(4);
	if (bytes.length < 4 || checksum(body) !== new DataView(bytes.buffer).getUint32(0)) {
		throw damaged('its checksum is wrong');
	}
	return readPassage(parse(body));
}

async function encode(record: unknown): Promise<string> {
	const body = new TextEncoder().encode(JSON.stringify(record));
	const bytes = new Uint8Array(4 + body.length);
	new DataView(bytes.buffer).setUint32(0, checksum(body));
	bytes.set(body, 4);
	const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
	return toBase64Url(new Uint8Array(await new Response(stream).arrayBuffer()));
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
	const reader = new Blob([bytes])
		.stream()
		.pipeThrough(new DecompressionStream('deflate-raw'))
		.getReader();
	const chunks: Uint8Array<ArrayBuffer>[] = [];
	let size = 0;
	try {
		for (let part = await reader.read(); !part.done; part = await reader.read()) {
			size += part.value.length;
			if (size > LARGEST_RECORD) throw new RangeError('the record is too large');
			chunks.push(part.value);
		}
	} catch (error) {
		await reader.cancel().catch(() => undefined);
		throw damaged(error instanceof RangeError ? error.message : 'a part is missing or changed');
	}
	return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function parse(body: Uint8Array): unknown {
	try {
		return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
	} catch {
		throw damaged('its record cannot be read');
	}
}

function damaged(why: string): StudioError {
	return new StudioError(
		'bad-input',
		`This link is not a whole Vitrine link: ${why}.`,
		'Copy the link again, from its first to its last character.'
	);
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
function checksum(bytes: Uint8Array): number {
	let hash = 0x811c9dc5;
	for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
	return hash >>> 0;
}

function toBase64Url(bytes: Uint8Array): string {
	let binary = '';
	for (const byte of bytes) binary += String.fromCharCode(byte);
	return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
	try {
		const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
		return Uint8Array.from(binary, (character) => character.charCodeAt(0));
	} catch {
		throw damaged('it holds characters that no link of ours has');
	}
}
