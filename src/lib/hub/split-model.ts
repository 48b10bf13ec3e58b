import { StudioError } from '../core/errors.ts';
import { sizeOf } from '../core/tensor.ts';
import { decodeGraph } from '../graph/decode.ts';
import { rawByteLength } from '../graph/element-type.ts';
import { encodeGraph } from '../graph/encode.ts';
import type { Constant } from '../graph/graph.ts';
import { BLOB_THRESHOLD } from '../graph/skeleton.ts';
import type { StoredWeight } from '../store/records.ts';

/** Where a weight's bytes lie in the repository. */
export type Origin = NonNullable<StoredWeight['origin']>;

export interface SplitSource {
	/** Path of the ONNX file in its repository. */
	readonly path: string;
	/** The whole ONNX file; weights are views on it. */
	readonly bytes: Uint8Array<ArrayBuffer>;
	/** Bytes of a file of external data, by its path in the repository. */
	readonly readData: (
		path: string,
		offset: number,
		length: number
	) => Promise<Uint8Array<ArrayBuffer>>;
	/** Keeps one weight; called once at a time, so only one external weight is in memory. */
	readonly keep: (
		bytes: Uint8Array<ArrayBuffer>,
		origin: Origin | undefined
	) => Promise<StoredWeight>;
}

export interface InstalledParts {
	/** The graph with initializers under 1 KiB; larger ones refer to `location` = their SHA-256. */
	readonly skeleton: Uint8Array<ArrayBuffer>;
	/** Each distinct content once, in order of first use. */
	readonly weights: readonly StoredWeight[];
}

/**
 * Splits an ONNX file as `graph/skeleton` does, but hands each weight on as soon as it is read:
 * gigabytes of external data pass through without being in memory together.
 * @throws StudioError `bad-model` for damaged files or external data that is missing or short
 */
export async function splitModel(source: SplitSource): Promise<InstalledParts> {
	const graph = named(source.path, () => decodeGraph(source.bytes));
	const weights = new Map<string, StoredWeight>();
	const initializers = new Map<string, Constant>();
	for (const [name, constant] of graph.initializers) {
		const found = await constantBytes(source, name, constant);
		if (!found) {
			initializers.set(name, constant);
		} else if (found.bytes.length < BLOB_THRESHOLD) {
			initializers.set(name, { ...constant, data: { kind: 'raw', bytes: found.bytes } });
		} else {
			const weight = await source.keep(found.bytes, found.origin);
			if (!weights.has(weight.sha256)) weights.set(weight.sha256, weight);
			const length = found.bytes.length;
			const data = { kind: 'external', location: weight.sha256, offset: 0, length } as const;
			initializers.set(name, { ...constant, data });
		}
	}
	return {
		skeleton: named(source.path, () => encodeGraph({ ...graph, initializers })),
		weights: [...weights.values()]
	};
}

/** Bytes of an initializer; undefined for strings, which runtimes only take inline. */
async function constantBytes(
	source: SplitSource,
	name: string,
	{ type, dims, data }: Constant
): Promise<{ bytes: Uint8Array<ArrayBuffer>; origin: Origin | undefined } | undefined> {
	if (data.kind === 'strings') return undefined;
	if (data.kind === 'raw') {
		const bytes = data.bytes as Uint8Array<ArrayBuffer>;
		const verbatim = bytes.buffer === source.bytes.buffer;
		const offset = bytes.byteOffset - source.bytes.byteOffset;
		return { bytes, origin: verbatim ? { path: source.path, offset } : undefined };
	}
	const expected = rawByteLength(type, sizeOf(dims));
	if (data.length !== undefined && data.length !== expected) {
		throw new StudioError(
			'bad-model',
			`In "${source.path}", initializer "${name}" needs ${expected} bytes but refers to ${data.length} in "${data.location}".`,
			'The file is damaged; download or export the model again.'
		);
	}
	const path = source.path.split('/').slice(0, -1).concat(data.location).join('/');
	const bytes = await source.readData(path, data.offset, expected);
	return { bytes, origin: { path, offset: data.offset } };
}

/** Runs codec work and puts the file's name into its errors. */
function named<T>(path: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		if (!(error instanceof StudioError)) throw error;
		throw new StudioError(error.code, `"${path}": ${error.message}`, error.hint, { cause: error });
	}
}
