import { sha256 as noble } from '@noble/hashes/sha2.js';

/**
 * SHA-256 (FIPS 180-4) as lower-case hexadecimal: by Web Crypto, or in JavaScript on plain-http
 * hosts, where browsers hide it.
 */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
	const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
	return toHex(subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes)) : noble(bytes));
}

/** SHA-256 of content that comes piece by piece and is never whole in memory. */
export interface RunningSha256 {
	update(bytes: Uint8Array): void;
	/** Lower-case hexadecimal; the object is used up afterwards. */
	digest(): string;
}

/** Starts a {@link RunningSha256}; about a quarter of Web Crypto's speed. */
export function runningSha256(): RunningSha256 {
	const state = noble.create();
	return { update: (bytes) => void state.update(bytes), digest: () => toHex(state.digest()) };
}

/** SHA-256 of a text's UTF-8 bytes. */
export function sha256OfText(text: string): string {
	return toHex(noble(new TextEncoder().encode(text)));
}

function toHex(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
