import { StudioError, throwIfAborted } from '#lib/core/errors.ts';
import type { GenerationRequest, GenerationResult, TokenRecord } from '#lib/core/generation.ts';
import type { HistoryEntry } from '#lib/core/history.ts';
import type { Notice } from '#lib/core/notice.ts';
import type { LoadedModel, ModelChoice } from '#lib/studio/api.ts';
import type { WriterEngine } from './writer-jobs.ts';

/** What the fake engine does at a position instead of giving a token. */
export type Trouble = { readonly at: number; readonly act: () => Promise<void> | void };

/**
 * An engine for tests that writes ` w<position>s<seed>` with ids that depend on position and seed
 * alone, as a seeded model does. Everything it is asked is recorded.
 */
export class FakeEngine implements WriterEngine {
	readonly requests: { choice: ModelChoice; request: GenerationRequest }[] = [];
	readonly loads: ModelChoice[] = [];
	readonly entries: HistoryEntry[] = [];
	trouble: Trouble | undefined;
	/** Added to every id: another device that draws differently. */
	offset = 0;
	#listener: ((notice: Notice) => void) | undefined;

	readonly history: WriterEngine['history'] = {
		append: async (entry) => {
			const index = this.entries.findIndex(({ id }) => id === entry.id);
			if (index >= 0) this.entries[index] = entry;
			else this.entries.unshift(entry);
		},
		list: async () => [...this.entries],
		remove: async (id) => {
			this.entries.splice(0, Infinity, ...this.entries.filter((entry) => entry.id !== id));
		},
		clear: async () => void this.entries.splice(0)
	};

	notify(notice: Notice): void {
		this.#listener?.(notice);
	}

	readonly onNotice: WriterEngine['onNotice'] = (listener) => {
		this.#listener = listener;
		return () => (this.#listener = undefined);
	};

	readonly listModels: WriterEngine['listModels'] = async () => [
		{
			id: 'storyteller',
			title: 'Storyteller',
			task: 'text-generation',
			description: 'Children’s stories.',
			licence: 'MIT',
			source: 'bundled',
			defaultVariant: 'fp32',
			variants: [
				{
					name: 'fp32',
					file: 'a',
					bytes: 20e6,
					installed: this.loads.length > 0,
					partialBytes: 5e6
				}
			]
		}
	];

	readonly loadModel: WriterEngine['loadModel'] = async (choice, options) => {
		this.loads.push(choice);
		throwIfAborted(options?.signal);
		const progress = { label: 'Weights', done: 5, total: 20, unit: 'bytes' } as const;
		options?.onEvent?.({ kind: 'progress', progress });
		return loaded(choice);
	};

	readonly tokenize: WriterEngine['tokenize'] = async (_, text) =>
		[...text.matchAll(/\s*\S+|\s+$/g)].map(([piece]) => ({ id: 1000 + piece.length, text: piece }));

	readonly generate: WriterEngine['generate'] = async (choice, request, options) => {
		this.requests.push({ choice, request });
		if (request.prompt.length > 1000) {
			throw new StudioError('bad-input', 'The prompt has 1,001 tokens; 512 fit.', 'Shorten it.');
		}
		const tokens: TokenRecord[] = [];
		for (let i = 0; i < request.maxTokens; i++) {
			await Promise.resolve();
			if (options?.signal?.aborted) return result(tokens, 'aborted');
			if (this.trouble?.at === i) await this.trouble.act();
			const token = this.#token((request.prefixIds?.length ?? 0) + i, request.settings.seed);
			tokens.push(token);
			options?.onEvent?.({ kind: 'token', token });
		}
		return result(tokens, 'length');
	};

	#token(position: number, seed: number): TokenRecord {
		const text = ` w${position}s${seed}`;
		const id = position * 100 + seed + this.offset;
		const other = { id: id + 50, text: `${text}?`, logprob: -2 };
		return { id, text, logprob: -1, entropy: 1, alternatives: [{ id, text, logprob: -1 }, other] };
	}
}

function loaded({ id, variant = 'fp32' }: ModelChoice): LoadedModel {
	return {
		id,
		title: 'Storyteller',
		variant,
		contextLength: 512,
		vocabSize: 4096,
		loadMs: 10,
		device: {
			provider: 'wasm',
			name: 'WebAssembly',
			threads: 1,
			crossOriginIsolated: false,
			features: [],
			limits: {},
			memoryGiB: undefined,
			fallbackReason: undefined
		}
	};
}

function result(
	tokens: readonly TokenRecord[],
	finish: GenerationResult['finish']
): GenerationResult {
	return {
		text: tokens.map(({ text }) => text).join(''),
		tokens,
		promptTokens: 4,
		reusedTokens: 2,
		finish,
		tokensPerSecond: 20,
		timeToFirstTokenMs: 50
	};
}
