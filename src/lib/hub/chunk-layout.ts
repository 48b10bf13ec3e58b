import { decodeGraph } from '../graph/decode.ts';
import { BLOB_THRESHOLD } from '../graph/skeleton.ts';
import { CHUNK_BYTES } from '../store/records.ts';
import type { ManifestChunk } from './manifest.ts';

/** A stretch of a file, in bytes. */
export interface Stretch {
	readonly offset: number;
	readonly size: number;
}

/** Cuts a stretch every 8 MiB, counted from its start. */
export function cut({ offset, size }: Stretch): Stretch[] {
	const pieces: Stretch[] = [];
	for (let at = 0; at < size; at += CHUNK_BYTES) {
		pieces.push({ offset: offset + at, size: Math.min(CHUNK_BYTES, size - at) });
	}
	return pieces;
}

/**
 * Where to cut an ONNX file so that each weight is its own run of chunks: such chunks are kept as
 * they are downloaded, and equal weights of two files are one chunk.
 * @returns stretches of at most 8 MiB that cover the file in order
 * @throws StudioError `bad-model`
 */
export function graphLayout(file: Uint8Array): Stretch[] {
	const weights: Stretch[] = [];
	for (const { data } of decodeGraph(file).initializers.values()) {
		// Weights in typed fields are re-encoded by the codec and do not lie in the file verbatim.
		if (data.kind !== 'raw' || data.bytes.buffer !== file.buffer) continue;
		if (data.bytes.length < BLOB_THRESHOLD) continue;
		weights.push({ offset: data.bytes.byteOffset - file.byteOffset, size: data.bytes.length });
	}
	return layoutAround(weights, file.length);
}

/**
 * Where to cut a file of external data, given the stretches its graphs refer to.
 * @returns stretches of at most 8 MiB that cover the file in order
 */
export function layoutAround(weights: readonly Stretch[], size: number): Stretch[] {
	const sorted = [...weights].sort((a, b) => a.offset - b.offset);
	const pieces: Stretch[] = [];
	let position = 0;
	for (const weight of sorted) {
		// Overlapping or repeated weights: the first one decides.
		if (weight.offset < position || weight.offset + weight.size > size) continue;
		pieces.push(...cut({ offset: position, size: weight.offset - position }), ...cut(weight));
		position = weight.offset + weight.size;
	}
	return [...pieces, ...cut({ offset: position, size: size - position })];
}

/** The manifest's list of chunks of a file that is in memory. */
export async function hashChunks(
	file: Uint8Array<ArrayBuffer>,
	layout: readonly Stretch[],
	sha256: (bytes: Uint8Array<ArrayBuffer>) => Promise<string>
): Promise<ManifestChunk[]> {
	const chunks: ManifestChunk[] = [];
	for (const { offset, size } of layout) {
		chunks.push({ size, sha256: await sha256(file.subarray(offset, offset + size)) });
	}
	return chunks;
}
