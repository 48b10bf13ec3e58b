export interface ForwardOptions {
	/** How many of the last positions to return logits for; 1 by default. */
	readonly logitsFor?: number;
	readonly signal?: AbortSignal;
}

/**
 * A causal language model together with its key–value cache: the contract between the decode loop
 * (`text/`), which decides what to feed, and the runtime, which knows where the cache lives.
 */
export interface CausalSession {
	/** Entries of the vocabulary. */
	readonly vocabSize: number;
	/** Longest sequence, in tokens, that the model and this cache can hold. */
	readonly contextLength: number;
	/** Tokens now in the cache. */
	readonly length: number;
	/**
	 * Whether a token gets the same logits however many are fed with it, as far as tried. False for
	 * kernels that quantise activations over all tokens of a run (int8 dynamic); the decode loop then
	 * feeds every text in one fixed pattern, so that it can be repeated. True when absent.
	 */
	readonly exactBatches?: boolean;
	/**
	 * Appends tokens to the cache, in chunks short enough for abort to be prompt.
	 * @returns logits `[logitsFor, vocab]` of the last positions, in float32
	 * @throws StudioError `bad-input` when the context would overflow, `device-lost`, `aborted`
	 */
	forward(ids: readonly number[], options?: ForwardOptions): Promise<Float32Array>;
	/** Forgets everything from position `length` on; cheap. */
	truncate(length: number): void;
	dispose(): Promise<void>;
}
