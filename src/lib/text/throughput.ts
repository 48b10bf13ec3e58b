/** Speed of a generation, as a benchmark may compare it. */
export interface Throughput {
	/** Milliseconds from the request to the first token, prefill included; 0 without a token. */
	readonly timeToFirstTokenMs: number;
	/** Tokens a second between the first token and the last; 0 for fewer than two tokens. */
	readonly tokensPerSecond: number;
}

/** Stamps tokens as they are drawn. */
export interface ThroughputMeter {
	/** Counts one token drawn at this time. */
	token(atMs: number): void;
	readonly result: Throughput;
}

/** @param startedMs when the request came, on the clock that the tokens are stamped with */
export function throughputMeter(startedMs: number): ThroughputMeter {
	let first: number | undefined;
	let last = 0;
	let count = 0;
	return {
		token(atMs) {
			first ??= atMs;
			last = atMs;
			count += 1;
		},
		get result() {
			if (first === undefined) return { timeToFirstTokenMs: 0, tokensPerSecond: 0 };
			const seconds = (last - first) / 1000;
			return {
				timeToFirstTokenMs: first - startedMs,
				tokensPerSecond: seconds > 0 ? (count - 1) / seconds : 0
			};
		}
	};
}
