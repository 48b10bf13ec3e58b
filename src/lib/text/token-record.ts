import type { TokenAlternative, TokenRecord } from '#lib/core/generation.ts';
import type { Tokenizer } from '#lib/core/tokenizer.ts';
import type { Distribution } from './distribution.ts';
import { pieceText } from './piece-text.ts';
import { selectTop } from './select-top.ts';

/** Everything recorded of a token but its text, which the stream decides. */
export type TokenMeasures = Omit<TokenRecord, 'text'>;

/**
 * The likeliest tokens of a position with the model's own log-probabilities, best first.
 * @param logits `[vocab]`, as the model gave them
 */
export function alternativesOf(
	logits: Float32Array,
	distribution: Distribution,
	count: number,
	tokenizer: Tokenizer
): TokenAlternative[] {
	return [...selectTop(logits, count)]
		.map((id) => ({
			id,
			text: pieceText(tokenizer, id),
			logprob: logprobOf(logits, distribution, id)
		}))
		.filter((alternative) => alternative.logprob > -Infinity);
}

/** Log-probability of a token under the model, in nats. */
export function logprobOf(logits: Float32Array, distribution: Distribution, id: number): number {
	return (logits[id] ?? -Infinity) - distribution.logSum;
}
