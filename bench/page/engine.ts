/** What one generation took, seen from outside the engine. */
export interface Timing {
	/** Milliseconds from the call to the first token. */
	readonly firstTokenMs: number;
	/** Tokens a second between the first token and the last. */
	readonly tokensPerSecond: number;
	readonly tokens: number;
	readonly text: string;
}

/** An engine under measurement: every one gets the same weights, prompt and number of tokens. */
export interface BenchEngine {
	readonly name: string;
	/** Loads weights and compiles; the time of this call is the engine's cold part. */
	load(): Promise<void>;
	/** Greedy generation of exactly `count` tokens, or fewer when the model ends. */
	generate(prompt: string, count: number): Promise<Timing>;
	dispose(): Promise<void>;
}

/** Measures a stream of tokens: call `token` at each one, `finish` at the end. */
export function stopwatch(): { token(): void; finish(text: string): Timing } {
	const started = performance.now();
	let first = 0;
	let last = 0;
	let tokens = 0;
	return {
		token() {
			last = performance.now();
			if (tokens++ === 0) first = last;
		},
		finish: (text) => ({
			firstTokenMs: first - started,
			tokensPerSecond: tokens > 1 ? ((tokens - 1) * 1000) / (last - first) : 0,
			tokens,
			text
		})
	};
}
