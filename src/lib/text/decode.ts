import type { CausalSession } from '#lib/core/causal.ts';
import { isAbort, StudioError, throwIfAborted } from '#lib/core/errors.ts';
import type {
	FinishReason,
	GenerationRequest,
	GenerationResult,
	TokenPiece,
	TokenRecord
} from '#lib/core/generation.ts';
import type { Progress } from '#lib/core/progress.ts';
import type { Tokenizer } from '#lib/core/tokenizer.ts';
import { checkRequest, checkStart } from './check-request.ts';
import { distributionOf } from './distribution.ts';
import type { LogitsProcessor } from './logits-processors/logits-processor.ts';
import { repetitionPenalty } from './logits-processors/repetition-penalty.ts';
import { logitsSource, type LogitsSource } from './logits-source.ts';
import { positionRandom } from './position-random.ts';
import { sample } from './sampler.ts';
import { noSpeculation, type SpeculationPolicy } from './speculation.ts';
import { throughputMeter, type ThroughputMeter } from './throughput.ts';
import { alternativesOf, logprobOf, type TokenMeasures } from './token-record.ts';
import { tokenPieces } from './token-pieces.ts';
import { createTokenStream, type TokenStream } from './token-stream.ts';

/** What a generation tells while it runs. */
export type DecodeEvent =
	| { readonly kind: 'progress'; readonly progress: Progress }
	/** Begin token and prompt, before anything is computed; without the prefix. */
	| { readonly kind: 'prompt'; readonly tokens: readonly TokenPiece[] }
	/** A token whose text is settled; see {@link generate} for tokens that are held back. */
	| { readonly kind: 'token'; readonly token: TokenRecord };

export interface GenerateOptions {
	/** A clock in milliseconds; only differences count. */
	readonly now: () => number;
	readonly emit?: (event: DecodeEvent) => void;
	readonly signal?: AbortSignal;
	/** Applied in order, after the repetition penalty and before temperature. */
	readonly processors?: readonly LogitsProcessor[];
	/** When to guess tokens ahead; never by default. Keep one policy object a session. */
	readonly speculation?: SpeculationPolicy;
	/** Awaited after every token and every pass over the prompt: lets a worker hear a cancel. */
	readonly pause?: () => Promise<void>;
	/** Ids to start from in place of the encoded prompt, begin token included: a chat's, say. */
	readonly promptIds?: readonly number[];
}

/**
 * Generates text: reads the prompt, draws tokens one after another, and records the model's
 * log-probabilities.
 *
 * - The start is begin token + prompt + `prefixIds`. An empty prompt without a begin token starts
 *   from the first end id, which separates texts in training. A start that fills the context is
 *   refused, not cut: a cut would change what the text means without telling.
 * - What the session's cache shares with the start is not computed again.
 * - The draw of a position depends on seed and position only, so continuing behind `prefixIds` gives
 *   the text that an unbroken run would have given, as far as the device's arithmetic repeats itself.
 *   Where logits depend on how many tokens are fed together, they are fed in a fixed pattern.
 * - The texts of the tokens join to the result's text. A token is emitted when its text is settled:
 *   not while it may be part of a stop string or has begun a character that the next token completes.
 *   A token that a stop string begins within keeps its id and loses the end of its text.
 * - End tokens are not part of the result. `maxTokens` counts the others.
 * - When the signal fires the result says `aborted` and keeps what there is.
 *
 * @throws StudioError `bad-input` for wrong numbers, a start that is empty or too long, or a
 *   processor that forbade every token; `bad-model` for logits that are no numbers; whatever the
 *   session throws (`device-lost`). Tokens emitted before stand; resume by passing them as `prefixIds`.
 */
export async function generate(
	session: CausalSession,
	tokenizer: Tokenizer,
	request: GenerationRequest,
	options: GenerateOptions
): Promise<GenerationResult> {
	const meter = throughputMeter(options.now());
	checkRequest(request);
	const prefix = request.prefixIds ?? [];
	const prompt = options.promptIds ?? startOf(tokenizer, request.prompt);
	const ids = [...prompt, ...prefix];
	checkStart(ids, prefix, session);
	options.emit?.({ kind: 'prompt', tokens: tokenPieces(tokenizer, prompt) });
	const stream = createTokenStream(tokenizer, ids, request.stop, (token) =>
		options.emit?.({ kind: 'token', token })
	);
	const source = logitsSource(session, ids, {
		promptLength: prompt.length,
		pause: options.pause,
		now: options.now,
		speculation: options.speculation ?? noSpeculation,
		signal: options.signal,
		onProgress: (progress) => options.emit?.({ kind: 'progress', progress })
	});
	const run: Run = {
		session,
		tokenizer,
		request,
		options,
		ids,
		source,
		stream,
		meter,
		prompt: ids.length
	};
	const finish = await untilAborted(() => drawTokens(run));
	source.close(ids);
	stream.finish();
	return {
		text: stream.records.map((token) => token.text).join(''),
		tokens: stream.records,
		promptTokens: run.prompt,
		reusedTokens: source.reused,
		finish,
		...meter.result,
		...(stream.stoppedBy === undefined ? {} : { stoppedBy: stream.stoppedBy })
	};
}

/** The parts of one generation; `ids` grows by every drawn token. */
interface Run {
	readonly session: CausalSession;
	readonly tokenizer: Tokenizer;
	readonly request: GenerationRequest;
	readonly options: GenerateOptions;
	readonly ids: number[];
	readonly source: LogitsSource;
	readonly stream: TokenStream;
	readonly meter: ThroughputMeter;
	/** Length of the start. */
	readonly prompt: number;
}

async function drawTokens(run: Run): Promise<FinishReason> {
	const { ids, options, source, stream, meter } = run;
	const ends = new Set(run.tokenizer.endIds);
	for (let remaining = run.request.maxTokens; remaining > 0; remaining--) {
		if (ids.length >= run.session.contextLength) return 'context';
		throwIfAborted(options.signal);
		const logits = await source.next(ids, remaining);
		throwIfAborted(options.signal);
		const token = drawToken(run, logits);
		meter.token(options.now());
		if (ends.has(token.id)) return 'end';
		ids.push(token.id);
		if (stream.push(token)) return 'stop';
		await options.pause?.();
	}
	return 'length';
}

/** Draws from processed logits; measures on the model's own. */
function drawToken(run: Run, logits: Float32Array): TokenMeasures {
	const { settings, alternatives } = run.request;
	const distribution = distributionOf(logits);
	const uniform = positionRandom(settings.seed, run.ids.length);
	const id = sample(processed(run, logits), settings, uniform);
	return {
		id,
		logprob: logprobOf(logits, distribution, id),
		alternatives: alternativesOf(logits, distribution, alternatives, run.tokenizer),
		entropy: distribution.entropy
	};
}

/** The logits after all processors; the row itself stays as it is. */
function processed(run: Run, logits: Float32Array): Float32Array {
	const penalty = run.request.settings.repetitionPenalty;
	const processors = [
		...(penalty === 1 ? [] : [repetitionPenalty(penalty)]),
		...(run.options.processors ?? [])
	];
	if (processors.length === 0) return logits;
	const copy = logits.slice();
	for (const process of processors) process(copy, { ids: run.ids, promptLength: run.prompt });
	if (copy.every((logit) => logit === -Infinity)) {
		throw new StudioError(
			'bad-input',
			'The logits processors forbid every token.',
			'Loosen the constraint, or end the text where it leaves nothing to say.'
		);
	}
	return copy;
}

/** Begin token and prompt; the first end token stands in for a begin token that nothing else gives. */
function startOf(tokenizer: Tokenizer, prompt: string): number[] {
	const text = tokenizer.encode(prompt);
	if (tokenizer.beginId !== undefined) return [tokenizer.beginId, ...text];
	const [separator] = tokenizer.endIds;
	if (text.length > 0 || separator === undefined) return text;
	return [separator];
}

async function untilAborted(work: () => Promise<FinishReason>): Promise<FinishReason> {
	try {
		return await work();
	} catch (error) {
		if (isAbort(error)) return 'aborted';
		throw error;
	}
}
