import type { ModelTask } from '../core/catalogue.ts';

/** Largest piece in which content is stored, hashed and fetched: 8 MiB. */
export const CHUNK_BYTES = 8 * 1024 * 1024;

/**
 * Content kept in the store, addressed by its SHA-256 (lower-case hexadecimal). `chunks[i]` is the
 * SHA-256 of bytes `[i · 8 MiB, min(size, (i + 1) · 8 MiB))`; content of one chunk has its own hash.
 */
export interface StoredContent {
	readonly sha256: string;
	readonly size: number;
	readonly chunks: readonly string[];
}

/** A file that is kept as it is (configuration, tokenizer, card); the path is the repository's. */
export interface StoredFile extends StoredContent {
	readonly path: string;
}

/** One weight of a graph; its external-data location in the skeleton is its SHA-256. */
export interface StoredWeight extends StoredContent {
	/** Where these bytes lie in the repository's files; absent where they are not there verbatim. */
	readonly origin?: { readonly path: string; readonly offset: number };
}

/** One ONNX file, kept as its graph (initializers under 1 KiB inside) and its weights. */
export interface InstalledGraph {
	/** Path of the ONNX file in the repository, for example `onnx/model_q4.onnx`. */
	readonly path: string;
	readonly skeleton: StoredContent;
	/** Each distinct content once, in order of first use. */
	readonly weights: readonly StoredWeight[];
}

/** Where the files of a model came from, and can be fetched again. */
export type RepositoryAddress =
	| { readonly kind: 'site' }
	| {
			readonly kind: 'huggingface';
			/** Base URL of the hub, without a trailing slash. */
			readonly endpoint: string;
			/** `owner/name`. */
			readonly repository: string;
			readonly revision: string;
	  }
	| { readonly kind: 'disk' };

/**
 * A complete variant of a model. The store holds such a record only when every chunk that it names
 * is there: its existence is what "installed" means.
 */
export interface InstalledVariant {
	readonly id: string;
	readonly variant: string;
	readonly title: string;
	readonly task: ModelTask;
	readonly description: string;
	readonly licence: string;
	readonly address: RepositoryAddress;
	/** The ONNX file that gives the variant its name. */
	readonly file: string;
	readonly files: readonly StoredFile[];
	readonly graphs: readonly InstalledGraph[];
	/** SHA-256 over the skeletons' and weights' hashes, in order: the same weights, the same identity. */
	readonly identity: string;
	/** Bytes of all content of this variant; content shared with others is counted here too. */
	readonly bytes: number;
	/** Milliseconds since 1970. */
	readonly installedAt: number;
}

/** A chunk on its way into the store. */
export interface Chunk {
	readonly sha256: string;
	readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What an unhashed download has learned about a file, so that it can go on after a cut. */
export interface PartialFile {
	readonly path: string;
	readonly size: number;
	/** Strong validator of the version these chunks belong to; absent when the server gave none. */
	readonly etag?: string;
	/** Hashes of the chunks fetched so far, from the start of the file. */
	readonly chunks: readonly string[];
}

/**
 * A claim of an unfinished installation on chunks: they are kept for its next attempt, and no
 * record names them yet.
 */
export interface Lease {
	/** `id/variant` for a download, `import/id` for a folder from disk. */
	readonly key: string;
	readonly purpose: 'download' | 'import';
	readonly id: string;
	readonly variant: string;
	readonly chunks: readonly { readonly sha256: string; readonly size: number }[];
	readonly partial: readonly PartialFile[];
}

/** Every chunk that a content list or record needs, in order, repeats included. */
export function chunksOf(record: Pick<InstalledVariant, 'files' | 'graphs'>): string[] {
	const contents: StoredContent[] = [
		...record.files,
		...record.graphs.flatMap(({ skeleton, weights }) => [skeleton, ...weights])
	];
	return contents.flatMap(({ chunks }) => chunks);
}

/** The key under which a variant's download keeps its lease. */
export function leaseKey(id: string, variant: string): string {
	return `${id}/${variant}`;
}
