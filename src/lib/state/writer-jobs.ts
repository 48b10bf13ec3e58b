import type {
	GenerationRequest,
	GenerationResult,
	SamplingSettings,
	TokenRecord
} from '#lib/core/generation.ts';
import type { Passage, PassageModel, PassageRun, PassageToken } from '#lib/core/passage.ts';
import type { Progress } from '#lib/core/progress.ts';
import type { LoadedModel, ModelChoice } from '#lib/studio/api.ts';
import type { StudioEngine } from './studio.svelte.ts';
import type { WriterSettings } from './presets.ts';
import { compareRun, type Verdict } from './writer-compare.ts';
import { splitEdit } from './writer-edit.ts';
import { extendPassage, passageIds, truncatePassage } from './writer-passage.ts';
import { wellFormedPrompt } from './writer-prompt.ts';

/** What the Write page needs of the engine. */
export type WriterEngine = Pick<
	StudioEngine,
	'generate' | 'history' | 'listModels' | 'loadModel' | 'onNotice' | 'tokenize'
>;

/** Alternatives recorded of each token: what the bars show. */
export const ALTERNATIVES = 8;

export interface JobHooks {
	readonly signal: AbortSignal;
	readonly onProgress: (progress: Progress) => void;
	/** The model is ready; tokens come next. */
	readonly onStart: () => void;
	readonly onToken: (token: TokenRecord) => void;
}

/** Generates behind a passage. Rejects as the engine does, with StudioError. */
export function writeBehind(
	engine: WriterEngine,
	choice: ModelChoice,
	passage: Passage,
	settings: WriterSettings,
	hooks: JobHooks
): Promise<GenerationResult> {
	return engine.generate(choice, requestBehind(passage, settings), {
		signal: hooks.signal,
		onEvent(event) {
			if (event.kind === 'progress') hooks.onProgress(event.progress);
			if (event.kind === 'token') hooks.onToken(event.token);
		}
	});
}

function requestBehind(passage: Passage, settings: WriterSettings): GenerationRequest {
	const { maxTokens, stop } = settings;
	return {
		prompt: wellFormedPrompt(passage.prompt),
		prefixIds: passageIds(passage),
		settings: samplingOf(settings),
		maxTokens,
		stop,
		alternatives: ALTERNATIVES
	};
}

/** The sampling part of the settings, without length and stop strings. */
export function samplingOf(settings: WriterSettings): SamplingSettings {
	const { temperature, repetitionPenalty, topK, topP, minP, seed } = settings;
	return { temperature, repetitionPenalty, topK, topP, minP, seed };
}

/** The passage with what a run wrote at its end. */
export function withResult(
	passage: Passage,
	result: GenerationResult,
	settings: WriterSettings,
	model: PassageModel
): Passage {
	return extendPassage(passage, result.tokens.map(byModel), {
		model,
		settings: samplingOf(settings),
		maxTokens: settings.maxTokens,
		stop: settings.stop,
		finish: result.finish,
		promptTokens: result.promptTokens,
		reusedTokens: result.reusedTokens,
		tokensPerSecond: result.tokensPerSecond,
		timeToFirstTokenMs: result.timeToFirstTokenMs
	});
}

/** The passage with what came before a run broke off; what the run would have told is unknown. */
export function withBrokenRun(
	passage: Passage,
	tokens: readonly TokenRecord[],
	finish: 'aborted' | 'failed',
	settings: WriterSettings,
	model: PassageModel
): Passage {
	const unknown = { promptTokens: 0, reusedTokens: 0, tokensPerSecond: 0, timeToFirstTokenMs: 0 };
	return extendPassage(passage, tokens.map(byModel), {
		...unknown,
		model,
		settings: samplingOf(settings),
		maxTokens: settings.maxTokens,
		stop: settings.stop,
		finish
	});
}

/** Marks a token as the model's own. */
export function byModel(token: TokenRecord): PassageToken {
	return { ...token, by: 'model' };
}

/** The model as a passage remembers it. */
export function modelOf({ id, title, variant, device }: LoadedModel): PassageModel {
	return { id, title, variant, provider: device.provider, device: device.name };
}

/**
 * The passage after a person edited its text: untouched tokens stay, the rest is tokenised anew.
 * @param edited the whole text behind the prompt
 */
export async function applyEdit(
	engine: WriterEngine,
	choice: ModelChoice,
	passage: Passage,
	edited: string
): Promise<Passage> {
	const { kept, rest } = splitEdit(passage.tokens, edited);
	const head = truncatePassage(passage, kept);
	if (rest === '') return head;
	const pieces = await engine.tokenize(choice, wellFormedPrompt(rest));
	return extendPassage(
		head,
		pieces.map((piece) => ({ ...piece, by: 'person' }))
	);
}

/**
 * Recomputes one run of a recorded passage, with the same settings and seed, behind the same tokens.
 * @param soFar the passage recomputed up to this run
 * @returns the passage with the new run, and how it compares
 */
export async function replayRun(
	engine: WriterEngine,
	recorded: Passage,
	run: PassageRun,
	soFar: Passage,
	model: PassageModel,
	hooks: JobHooks
): Promise<{ passage: Passage; verdict: Verdict; aborted: boolean }> {
	const settings = { ...run.settings, maxTokens: run.count, stop: run.stop };
	const choice = { id: run.model.id, variant: run.model.variant };
	const result = await writeBehind(engine, choice, soFar, settings, hooks);
	const then = recorded.tokens
		.slice(run.from, run.from + run.count)
		.filter((token) => token.by !== 'person');
	return {
		passage: withResult(soFar, result, settings, model),
		verdict: compareRun(then, result.tokens, run.from),
		aborted: result.finish === 'aborted'
	};
}
