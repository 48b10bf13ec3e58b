import type { EmbedRequest, EmbedResult } from '#lib/embed/protocol.ts';
import type { FrameEvents, FrameWriter } from '#lib/embed/frame.ts';
import { errorFromRecord, StudioError } from '#lib/core/errors.ts';
import type { GenerationEvent } from '#lib/studio/api.ts';
import type { JobOptions } from '#lib/studio/client.ts';
import type { WriterSettings } from './presets.ts';
import type { WriterEngine } from './writer-jobs.ts';
import type { Writer } from './writer.svelte.ts';

/** The engine, with every token told to the page that embeds the writer. */
export function tellingEngine(engine: WriterEngine, onToken: FrameEvents['token']): WriterEngine {
	return {
		generate: (choice, request, options: JobOptions<GenerationEvent> = {}) =>
			engine.generate(choice, request, {
				...options,
				onEvent(event) {
					options.onEvent?.(event);
					if (event.kind === 'token') onToken(event.token);
				}
			}),
		history: engine.history,
		listModels: () => engine.listModels(),
		loadModel: (choice, options) => engine.loadModel(choice, options),
		onNotice: (listener) => engine.onNotice(listener),
		tokenize: (choice, text) => engine.tokenize(choice, text)
	};
}

/** What the host may ask of the writer: the same verbs that a person in the frame has. */
export function frameWriter(writer: Writer): FrameWriter {
	return {
		async generate(request) {
			if (writer.busy) writer.stop();
			await untilIdle(writer);
			writer.prompt = request.prompt;
			writer.settings.set(settingsOf(request));
			await writer.generate();
			return resultOf(writer);
		},
		stop: () => writer.stop()
	};
}

/** What the last generation came to. @throws StudioError when it failed */
export function resultOf(writer: Writer): EmbedResult {
	const { state } = writer;
	if (state.kind === 'failed') throw errorFromRecord(state.error);
	const { passage } = writer.branch;
	const run = passage.runs.at(-1);
	if (!run) {
		throw new StudioError('aborted', 'It was stopped before the first token.', 'Call it again.');
	}
	const tokens = passage.tokens
		.slice(run.from, run.from + run.count)
		.flatMap((token) => (token.by === 'person' ? [] : [token]));
	return {
		text: tokens.map(({ text }) => text).join(''),
		tokens,
		finish: run.finish === 'failed' ? 'aborted' : run.finish,
		tokensPerSecond: run.tokensPerSecond,
		timeToFirstTokenMs: run.timeToFirstTokenMs,
		device: run.model.provider,
		model: run.model.id
	};
}

/** The settings a request names; the others stay as they are. */
function settingsOf({ prompt: _, ...settings }: EmbedRequest): Partial<WriterSettings> {
	return settings;
}

/** Resolves when a run that was told to stop has ended; it does so within a token. */
async function untilIdle(writer: Writer): Promise<void> {
	while (writer.busy) await new Promise((resolve) => setTimeout(resolve, 10));
}
