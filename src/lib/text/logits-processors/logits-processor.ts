/** What a logits processor may know about the position it works on. */
export interface LogitsContext {
	/** All tokens before the position: begin token, prompt, prefix, and what has been generated. */
	readonly ids: readonly number[];
	/** How many of `ids` came with the request (begin token, prompt, prefix). */
	readonly promptLength: number;
}

/**
 * Changes the logits of one position in place, before temperature and filters. The extension point
 * of the decode loop: penalties, biases, grammars, watermarks. It must be a function of its arguments
 * alone, or texts could not be reproduced; it sees the positions in order, each once.
 * Recorded log-probabilities stay the model's own.
 */
export type LogitsProcessor = (logits: Float32Array, context: LogitsContext) => void;
