/** What a model is for; decides which page opens it. */
export type ModelTask = 'text-generation' | 'image-generation' | 'style-transfer' | 'other';

/** One weight format of a model: which files it needs and how large they are. */
export interface VariantSummary {
	/** `fp32`, `int8`, `q4`, `fp16`, … */
	readonly name: string;
	/** Path of the ONNX file inside the model's directory. */
	readonly file: string;
	/** Bytes of everything this variant needs, tokenizer and configuration included. */
	readonly bytes: number;
	readonly installed: boolean;
	/** Bytes of an unfinished download that are already kept; 0 when none. */
	readonly partialBytes: number;
}

/** A model as the Models page lists it. */
export interface ModelSummary {
	readonly id: string;
	readonly title: string;
	readonly task: ModelTask;
	/** One sentence: what it knows and does. */
	readonly description: string;
	readonly licence: string;
	/** Where it comes from: part of this site, a hub repository, or a folder on disk. */
	readonly source: 'bundled' | 'hub' | 'disk';
	readonly variants: readonly VariantSummary[];
	/** The variant this device would take when none is named. */
	readonly defaultVariant: string;
}

export interface StorageReport {
	/** `indexeddb`, or `memory` when the browser offers no storage (private window, sandboxed frame). */
	readonly kind: 'indexeddb' | 'memory';
	readonly usedBytes: number;
	/** Bytes the browser says may still be stored; undefined when it does not tell. */
	readonly availableBytes: number | undefined;
	/** Whether the browser promised not to evict. */
	readonly persistent: boolean;
}

export interface VerifyReport {
	readonly checkedBytes: number;
	/** Chunks whose SHA-256 differed and that were fetched again; `path#index`. */
	readonly repaired: readonly string[];
	/** Chunks that differ and could not be fetched again. */
	readonly damaged: readonly string[];
}

/** A file of a folder that a person opened from disk; the path is relative to that folder. */
export interface LocalFile {
	readonly path: string;
	readonly blob: Blob;
}
