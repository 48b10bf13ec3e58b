import { proxy } from 'comlink';
import type { LocalFile, ModelSummary, StorageReport, VerifyReport } from '#lib/core/catalogue.ts';
import type { DeviceReport } from '#lib/core/device.ts';
import { throwIfAborted } from '#lib/core/errors.ts';
import type {
	GenerationRequest,
	GenerationResult,
	TokenPiece,
	TokenRecord
} from '#lib/core/generation.ts';
import type { HistoryStore } from '#lib/core/history.ts';
import type { Notice } from '#lib/core/notice.ts';
import type {
	GenerationEvent,
	InstallEvent,
	LoadedModel,
	ModelChoice,
	RunId,
	StudioApi
} from './api.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

export interface JobOptions<E> {
	readonly signal?: AbortSignal;
	readonly onEvent?: (event: E) => void;
}

export interface ClientOptions extends Omit<SupervisorOptions, 'notify'> {
	/** Asks the browser not to evict what is stored; only pages may, so a worker cannot. */
	readonly requestPersistence?: () => Promise<unknown>;
}

/**
 * The studio as pages see it: StudioApi with AbortSignals for run ids, over a supervised worker.
 * Every method rejects with a StudioError; jobs survive the loss of the device.
 */
export class StudioClient {
	readonly #supervisor: Supervisor;
	readonly #listeners = new Set<(notice: Notice) => void>();
	/** Passages kept on this machine. */
	readonly history: HistoryStore;
	#requestPersistence: (() => Promise<unknown>) | undefined;
	#runs = 0;

	constructor(options: ClientOptions) {
		this.#requestPersistence = options.requestPersistence;
		this.#supervisor = new Supervisor({
			...options,
			notify: (notice) => this.#listeners.forEach((listener) => listener(notice))
		});
		const call = this.#supervisor.call.bind(this.#supervisor);
		this.history = {
			append: (entry) => call((api) => api.appendHistory(entry)),
			list: () => call((api) => api.listHistory()),
			remove: (id) => call((api) => api.removeHistory(id)),
			clear: () => call((api) => api.clearHistory())
		};
	}

	/** Calls back for every notice. @returns a function that ends the subscription */
	onNotice(listener: (notice: Notice) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	device(): Promise<DeviceReport> {
		return this.#supervisor.report();
	}

	listModels(): Promise<ModelSummary[]> {
		return this.#supervisor.call((api) => api.listModels());
	}

	storage(): Promise<StorageReport> {
		return this.#supervisor.call((api) => api.storage());
	}

	tokenize(choice: ModelChoice, text: string): Promise<TokenPiece[]> {
		return this.#supervisor.call((api) => api.tokenize(choice, text));
	}

	removeModel(choice: ModelChoice): Promise<void> {
		return this.#supervisor.call((api) => api.removeModel(choice));
	}

	installModel(choice: ModelChoice, options: JobOptions<InstallEvent> = {}): Promise<void> {
		this.#askPersistence();
		return this.#job(options, (api, run, emit) => api.installModel(run, choice, emit));
	}

	importModel(
		name: string,
		files: LocalFile[],
		options: JobOptions<InstallEvent> = {}
	): Promise<ModelSummary> {
		this.#askPersistence();
		return this.#job(options, (api, run, emit) => api.importModel(run, name, files, emit));
	}

	verifyModel(choice: ModelChoice, options: JobOptions<InstallEvent> = {}): Promise<VerifyReport> {
		return this.#job(options, (api, run, emit) => api.verifyModel(run, choice, emit));
	}

	loadModel(choice: ModelChoice, options: JobOptions<InstallEvent> = {}): Promise<LoadedModel> {
		this.#askPersistence();
		return this.#job(options, (api, run, emit) => api.loadModel(run, choice, emit));
	}

	/**
	 * Generates text. If the device is lost on the way, generation goes on behind the tokens that
	 * were already there: each position has its own seeded draw, so nothing is drawn twice.
	 */
	async generate(
		choice: ModelChoice,
		request: GenerationRequest,
		options: JobOptions<GenerationEvent> = {}
	): Promise<GenerationResult> {
		this.#askPersistence();
		const received: TokenRecord[] = [];
		let kept: readonly TokenRecord[] = [];
		const onEvent = (event: GenerationEvent): void => {
			if (event.kind === 'token') received.push(event.token);
			options.onEvent?.(event);
		};
		const result = await this.#job({ ...options, onEvent }, async (api, run, emit) => {
			kept = [...received];
			return api.generate(run, choice, resumeRequest(request, kept), emit);
		});
		// Events travel on a port of their own: the result may overtake the last of them.
		for (const token of result.tokens.slice(received.length - kept.length)) {
			onEvent({ kind: 'token', token });
		}
		return mergeResults(kept, result);
	}

	/** URLs of the scripts and builds the engine loaded: what offline use has to keep. */
	usedFiles(): Promise<string[]> {
		return this.#supervisor.call((api) => api.usedFiles());
	}

	dispose(): void {
		this.#supervisor.dispose();
	}

	/** Once, when something worth keeping is about to be stored. A refusal changes nothing. */
	#askPersistence(): void {
		const ask = this.#requestPersistence;
		this.#requestPersistence = undefined;
		void ask?.().catch(() => undefined);
	}

	#job<E, T>(
		{ signal, onEvent }: JobOptions<E>,
		start: (api: StudioApi, run: RunId, emit: (event: E) => void) => Promise<T>
	): Promise<T> {
		return this.#supervisor.call(async (api) => {
			throwIfAborted(signal);
			const run = `run-${++this.#runs}`;
			let open = true;
			// What arrives after the result is dropped: whoever needs it takes it from the result.
			const emit = proxy((event: E) => {
				if (open) onEvent?.(event);
			});
			const cancel = (): void => void api.cancel(run);
			signal?.addEventListener('abort', cancel);
			try {
				return await start(api, run, emit);
			} finally {
				open = false;
				signal?.removeEventListener('abort', cancel);
			}
		});
	}
}

/** The request that goes on behind tokens already received. */
function resumeRequest(
	request: GenerationRequest,
	received: readonly TokenRecord[]
): GenerationRequest {
	if (received.length === 0) return request;
	return {
		...request,
		prefixIds: [...(request.prefixIds ?? []), ...received.map(({ id }) => id)],
		maxTokens: Math.max(0, request.maxTokens - received.length)
	};
}

/** One result out of the part before a recovery and the part after it. */
function mergeResults(before: readonly TokenRecord[], after: GenerationResult): GenerationResult {
	if (before.length === 0) return after;
	return {
		...after,
		text: before.map(({ text }) => text).join('') + after.text,
		tokens: [...before, ...after.tokens]
	};
}
