import { StudioError } from '../core/errors.ts';
import { sizeOf } from '../core/tensor.ts';
import { decodeGraph } from './decode.ts';
import type { ElementType } from './element-type.ts';
import { rawByteLength } from './element-type.ts';
import { encodeGraph } from './encode.ts';
import type { Constant, Graph } from './graph.ts';

/** Constants below this many bytes stay in the skeleton: shapes and scales that runtimes fold. */
export const BLOB_THRESHOLD = 1024;

/** One weight, addressed by its content. */
export interface Blob {
	/** SHA-256 of the bytes, in lower-case hexadecimal: also the external-data location. */
	readonly sha256: string;
	readonly location: string;
	readonly type: ElementType;
	readonly dims: readonly number[];
	/** A view on the model's bytes (or what the resolver gave), not a copy. */
	readonly bytes: Uint8Array;
}

export interface SplitModel {
	/** An ONNX file whose large initializers lie outside, at `location` = their SHA-256, offset 0. */
	readonly skeleton: Uint8Array<ArrayBuffer>;
	/** Each distinct content once, in order of first use. */
	readonly blobs: readonly Blob[];
}

/** Gives the bytes of a file next to the model; `length` is absent for "to the end". */
export type ExternalResolver = (
	location: string,
	offset: number,
	length?: number
) => Promise<Uint8Array> | Uint8Array;

/**
 * Splits a model into a small graph and content-addressed weights, without copying weights.
 * onnxruntime runs the skeleton when given the blobs as external data (path = location).
 * Constants inside nodes and sub-graphs stay where they are.
 * @param resolve where external data of the model comes from; needed when it has any
 * @throws StudioError `bad-model` when the model is damaged or external data is missing or short
 */
export async function splitSkeleton(
	model: Uint8Array | Graph,
	resolve?: ExternalResolver
): Promise<SplitModel> {
	const graph = model instanceof Uint8Array ? decodeGraph(model) : model;
	const blobs = new Map<string, Blob>();
	const initializers = new Map<string, Constant>();
	for (const [name, constant] of graph.initializers) {
		const bytes = await constantBytes(name, constant, resolve);
		if (bytes === undefined) {
			initializers.set(name, constant);
		} else if (bytes.length < BLOB_THRESHOLD) {
			initializers.set(name, { ...constant, data: { kind: 'raw', bytes } });
		} else {
			const location = await sha256(bytes);
			const { type, dims } = constant;
			if (!blobs.has(location))
				blobs.set(location, { sha256: location, location, type, dims, bytes });
			const data = { kind: 'external', location, offset: 0, length: bytes.length } as const;
			initializers.set(name, { ...constant, data });
		}
	}
	return { skeleton: encodeGraph({ ...graph, initializers }), blobs: [...blobs.values()] };
}

/** Bytes of an initializer; undefined for strings, which runtimes only take inline. */
async function constantBytes(
	name: string,
	constant: Constant,
	resolve: ExternalResolver | undefined
): Promise<Uint8Array | undefined> {
	const { data } = constant;
	if (data.kind === 'strings') return undefined;
	if (data.kind === 'raw') return data.bytes;
	const expected = rawByteLength(constant.type, sizeOf(constant.dims));
	if (!resolve) throw missing(name, data.location, 'and no external files were given');
	const bytes = await resolve(data.location, data.offset, data.length ?? expected);
	if (bytes.length !== expected) {
		throw missing(name, data.location, `which gave ${bytes.length} bytes instead of ${expected}`);
	}
	return bytes;
}

function missing(name: string, location: string, why: string): StudioError {
	return new StudioError(
		'bad-model',
		`Initializer "${name}" lies in the external file "${location}", ${why}.`,
		`Put the complete "${location}" next to the model file.`
	);
}

/** SHA-256 of bytes in lower-case hexadecimal (FIPS 180-4, by the platform's Web Crypto). */
export async function sha256(bytes: Uint8Array): Promise<string> {
	const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
	return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
