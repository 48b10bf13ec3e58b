import type { Provider } from './device.ts';
import type { FinishReason, SamplingSettings, TokenPiece, TokenRecord } from './generation.ts';

/** Which model wrote, where it ran. */
export interface PassageModel {
	readonly id: string;
	readonly title: string;
	readonly variant: string;
	readonly provider: Provider;
	/** Name of the adapter or CPU path, for people. */
	readonly device: string;
}

/** One generation request that wrote tokens of a passage: enough to ask for the same again. */
export interface PassageRun {
	/** Index of the first token this run wrote. */
	readonly from: number;
	/** Tokens of this run that are still part of the passage. */
	readonly count: number;
	readonly model: PassageModel;
	readonly settings: SamplingSettings;
	readonly maxTokens: number;
	readonly stop: readonly string[];
	readonly finish: FinishReason | 'failed';
	readonly promptTokens: number;
	/** Prompt and prefix tokens whose cache entries were reused. */
	readonly reusedTokens: number;
	readonly tokensPerSecond: number;
	readonly timeToFirstTokenMs: number;
}

/**
 * A token of a passage: drawn by the model, chosen by a person among the model's alternatives, or
 * written by a person (then nothing is known about its probability).
 */
export type PassageToken =
	(TokenRecord & { readonly by: 'model' | 'choice' }) | (TokenPiece & { readonly by: 'person' });

/** A prompt, the text behind it, and how that text came about. Plain data: it is kept and shared. */
export interface Passage {
	readonly prompt: string;
	readonly tokens: readonly PassageToken[];
	/** In the order of their tokens, never overlapping. */
	readonly runs: readonly PassageRun[];
}
