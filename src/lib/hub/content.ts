import { StudioError } from '../core/errors.ts';
import type { InstalledVariant, StoredContent } from '../store/records.ts';
import { CHUNK_BYTES } from '../store/records.ts';
import type { WeightStore } from '../store/studio-store.ts';
import { cut } from './chunk-layout.ts';
import { sha256OfText } from './sha256.ts';

/**
 * Hashes content: as a whole and, where it is larger than 8 MiB, by chunk.
 * @param bytes the whole content
 */
export async function describeContent(
	bytes: Uint8Array<ArrayBuffer>,
	sha256: (bytes: Uint8Array<ArrayBuffer>) => Promise<string>
): Promise<StoredContent> {
	const whole = await sha256(bytes);
	if (bytes.length <= CHUNK_BYTES) return { sha256: whole, size: bytes.length, chunks: [whole] };
	const chunks: string[] = [];
	for (const { offset, size } of cut({ offset: 0, size: bytes.length })) {
		chunks.push(await sha256(bytes.subarray(offset, offset + size)));
	}
	return { sha256: whole, size: bytes.length, chunks };
}

/**
 * Reads contents from the store as lazy Blobs, in one transaction.
 * @param what names the model, for the message
 * @throws StudioError `verification` when a chunk is missing or a size is wrong
 */
export async function readContents(
	store: WeightStore,
	contents: readonly StoredContent[],
	what: string
): Promise<Blob[]> {
	const chunks = await store.read(contents.flatMap((content) => content.chunks));
	let next = 0;
	return contents.map((content) => {
		const parts = chunks.slice(next, (next += content.chunks.length));
		const present = parts.filter((part) => part !== undefined);
		const blob = present.length === 1 && present[0] ? present[0] : new Blob(present);
		if (present.length === parts.length && blob.size === content.size) return blob;
		throw incomplete(what);
	});
}

/** The error for a model whose stored parts are missing or unreadable. */
export function incomplete(what: string, cause?: unknown): StudioError {
	return new StudioError(
		'verification',
		`Parts of ${what} are missing from this browser's storage or cannot be read.`,
		'Choose "Verify" on the Models page: it fetches only what is missing.',
		{ cause }
	);
}

/**
 * A Blob's bytes.
 * @throws StudioError `verification` when the browser lost the data behind it
 */
export async function blobBytes(blob: Blob, what: string): Promise<Uint8Array<ArrayBuffer>> {
	try {
		return new Uint8Array(await blob.arrayBuffer());
	} catch (error) {
		throw incomplete(what, error);
	}
}

/** SHA-256 over the hashes of skeletons and weights, in order. */
export function identityOf(graphs: InstalledVariant['graphs']): string {
	const hashes = graphs.flatMap(({ skeleton, weights }) => [
		skeleton.sha256,
		...weights.map(({ sha256 }) => sha256)
	]);
	return sha256OfText(hashes.join('\n'));
}
