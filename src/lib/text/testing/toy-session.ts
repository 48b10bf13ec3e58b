import type { CausalSession } from '#lib/core/causal.ts';
import { StudioError, throwIfAborted } from '#lib/core/errors.ts';

export interface ToyOptions {
	readonly vocabSize: number;
	readonly contextLength?: number;
	/** How many last tokens the next one depends on; few make texts that repeat themselves. */
	readonly order?: number;
	/**
	 * How much the logits change with the lengths of the passes that all tokens so far were fed in:
	 * kernels that quantise activations over a pass.
	 */
	readonly batchNoise?: number;
	/** What the session says of itself. */
	readonly exactBatches?: boolean;
	/** Logits that win over the made-up ones. */
	readonly override?: (ids: readonly number[], logits: Float32Array) => void;
	/** Called at each forward with the tokens in the cache and those fed; may throw or abort. */
	readonly onForward?: (cached: readonly number[], fed: readonly number[]) => void;
}

/** A causal model made of hashes: its logits are an exact function of the last few tokens. */
export interface ToySession extends CausalSession {
	/** Tokens in the cache. */
	readonly tokens: readonly number[];
	/** Tokens of every forward so far. */
	readonly calls: readonly (readonly number[])[];
}

/** Makes a toy model with the contract of a real session, context checks and aborts included. */
export function toySession(options: ToyOptions): ToySession {
	const { vocabSize, contextLength = 512, order = 2, batchNoise = 0 } = options;
	const tokens: number[] = [];
	const calls: number[][] = [];
	/** Length of the pass that each token came in. */
	const passes: number[] = [];
	const row = (position: number): Float32Array => {
		const before = tokens.slice(0, position + 1);
		const logits = toyLogits(before.slice(-order), vocabSize);
		options.override?.(before, logits);
		const history = passes.slice(0, position + 1).reduce((sum, n, i) => (sum * 31 + n * i) % 97, 0);
		for (let id = 0; id < vocabSize; id++) {
			logits[id] = (logits[id] ?? 0) + batchNoise * ((id * history) % 13);
		}
		return logits;
	};
	return {
		vocabSize,
		contextLength,
		...(options.exactBatches === undefined ? {} : { exactBatches: options.exactBatches }),
		tokens,
		calls,
		get length() {
			return tokens.length;
		},
		async forward(ids, { logitsFor = 1, signal } = {}) {
			throwIfAborted(signal);
			options.onForward?.(tokens, ids);
			if (tokens.length + ids.length > contextLength || ids.length === 0) {
				throw new StudioError('bad-input', `${tokens.length}+${ids.length} tokens`, 'Feed fewer.');
			}
			calls.push([...ids]);
			await Promise.resolve();
			tokens.push(...ids);
			passes.push(...ids.map(() => ids.length));
			const out = new Float32Array(logitsFor * vocabSize);
			for (let i = 0; i < logitsFor; i++) {
				out.set(row(tokens.length - logitsFor + i), i * vocabSize);
			}
			throwIfAborted(signal);
			return out;
		},
		truncate(length) {
			tokens.length = Math.min(tokens.length, length);
			passes.length = tokens.length;
		},
		async dispose() {
			tokens.length = 0;
			await Promise.resolve();
		}
	};
}

/** Logits in [-4, 4) from a hash of the last tokens. */
export function toyLogits(last: readonly number[], vocabSize: number): Float32Array {
	let state = 17;
	for (const id of last) state = Math.imul(state ^ (id + 1), 0x9e3779b1) ^ (state >>> 13);
	return Float32Array.from({ length: vocabSize }, (_, id) => {
		let hash = Math.imul(state ^ (id * 0x85ebca6b), 0xc2b2ae35);
		hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
		return (((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32) * 8 - 4;
	});
}
