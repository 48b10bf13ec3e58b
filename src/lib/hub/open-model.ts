import type { ModelTask } from '../core/catalogue.ts';

/** A weight file of a skeleton, as onnxruntime's `externalData` takes it. */
export interface ExternalWeight {
	/** The location that the skeleton names: the SHA-256 of the bytes. */
	readonly path: string;
	readonly data: Blob;
	/** Size in bytes. */
	readonly bytes: number;
}

/** One graph ready for a session: a small ONNX file and the weights that it refers to. */
export interface OpenedGraph {
	/** Path of the ONNX file in the repository. */
	readonly path: string;
	readonly skeleton: Uint8Array<ArrayBuffer>;
	readonly externalData: readonly ExternalWeight[];
}

/** An installed variant, opened. Weights are Blobs: nothing is read before it is needed. */
export interface OpenedModel {
	readonly id: string;
	readonly title: string;
	readonly variant: string;
	readonly task: ModelTask;
	/** SHA-256 over skeletons and weights: keys derived graphs and caches. */
	readonly identity: string;
	/** Text files by path: config.json, tokenizer.json, … */
	readonly texts: Readonly<Record<string, string>>;
	/** The graph that gives the variant its name. */
	readonly graph: OpenedGraph;
	/** All graphs of the variant by path (one, for a language model). */
	readonly graphs: Readonly<Record<string, OpenedGraph>>;
}
