import type { LogitsProcessor } from './logits-processor.ts';

/** Never lets the given tokens be drawn: their logits become minus infinity. */
export function forbidTokens(forbidden: readonly number[]): LogitsProcessor {
	return (logits) => {
		for (const id of forbidden) if (id < logits.length) logits[id] = -Infinity;
	};
}
