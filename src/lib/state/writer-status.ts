import type { ErrorRecord } from '#lib/core/errors.ts';
import type { PassageRun } from '#lib/core/passage.ts';
import type { Progress } from '#lib/core/progress.ts';
import { verdictSentence, type Verdict } from './writer-compare.ts';

/** What the writer is doing, or what came of the last thing it did. */
export type WriterState =
	| { readonly kind: 'idle' }
	| { readonly kind: 'loading'; readonly progress: Progress | undefined }
	| {
			readonly kind: 'generating';
			readonly purpose: 'write' | 'check';
			/** Tokens so far. */
			readonly tokens: number;
			/** So far, the first token's time left out; undefined before the second token. */
			readonly tokensPerSecond: number | undefined;
			readonly timeToFirstTokenMs: number | undefined;
	  }
	| { readonly kind: 'done'; readonly run: PassageRun }
	| { readonly kind: 'checked'; readonly verdict: Verdict }
	| { readonly kind: 'failed'; readonly error: ErrorRecord };

/** Whether something runs that Stop would end. */
export function isBusy(state: WriterState): boolean {
	return state.kind === 'loading' || state.kind === 'generating';
}

const FINISHED: Record<PassageRun['finish'], string> = {
	end: 'The story ended by itself.',
	length: 'It reached the length you set; Continue goes on.',
	context: 'The model’s memory is full; it can go no further in this text.',
	stop: 'It reached a stop string.',
	aborted: 'Stopped.',
	failed: 'It broke off; what was written is kept.'
};

/** Why a run ended, in a sentence. */
export function finishSentence({ finish, count }: PassageRun): string {
	if (finish === 'end' && count === 0) {
		return 'The model has nothing to add: for it the story is over. Change its end, or take another branch.';
	}
	return FINISHED[finish];
}

/** What a screen reader should hear: starts and ends, never single tokens. */
export function announcement(state: WriterState): string {
	switch (state.kind) {
		case 'idle':
			return '';
		case 'loading':
			return 'Getting the model ready.';
		case 'generating':
			return state.purpose === 'check' ? 'Recomputing the recorded text.' : 'Writing.';
		case 'done':
			return `${state.run.count} tokens written. ${finishSentence(state.run)}`;
		case 'checked':
			return verdictSentence(state.verdict);
		case 'failed':
			return ''; // The error itself is shown with role alert.
	}
}
