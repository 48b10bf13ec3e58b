import type { ModelSummary } from '#lib/core/catalogue.ts';
import type { PassageModel } from '#lib/core/passage.ts';
import type { Progress } from '#lib/core/progress.ts';
import type { LoadedModel, ModelChoice } from '#lib/studio/api.ts';
import { modelOf, type WriterEngine } from './writer-jobs.ts';

/** The model that comes with the site. */
export const BUNDLED_MODEL = 'storyteller';

/** Which model the writer uses, which there are, and which one is loaded. */
export class WriterModel {
	readonly #open: () => Promise<WriterEngine>;
	#opened: Promise<WriterEngine> | undefined;
	#choice: ModelChoice = $state.raw({ id: BUNDLED_MODEL });
	#models: readonly ModelSummary[] = $state.raw([]);
	#loaded: LoadedModel | undefined = $state.raw();

	/** @param open opens the engine; called when something first needs it */
	constructor(open: () => Promise<WriterEngine>) {
		this.#open = open;
	}

	/** The model and variant that the next generation uses. */
	get choice(): ModelChoice {
		return this.#choice;
	}

	/** Models that write text; empty until {@link list} was called. */
	get models(): readonly ModelSummary[] {
		return this.#models;
	}

	/** The model that is ready; undefined before the first load and after a change of device. */
	get loaded(): LoadedModel | undefined {
		return this.#loaded;
	}

	/** What is known of the chosen model. */
	get summary(): ModelSummary | undefined {
		return this.#models.find(({ id }) => id === this.#choice.id);
	}

	/** Bytes that the first use of the choice downloads; undefined when none or not known. */
	get downloadBytes(): number | undefined {
		const { summary } = this;
		const name = this.#choice.variant ?? summary?.defaultVariant;
		const variant = summary?.variants.find((candidate) => candidate.name === name);
		if (!variant || variant.installed || summary?.source === 'disk') return undefined;
		return variant.bytes - variant.partialBytes;
	}

	choose(choice: ModelChoice): void {
		this.#choice = choice;
	}

	/** Opens the engine once; a failure is not remembered. */
	async engine(): Promise<WriterEngine> {
		this.#opened ??= this.#watch();
		try {
			return await this.#opened;
		} catch (error) {
			this.#opened = undefined;
			throw error;
		}
	}

	/** Asks which models there are. */
	async list(): Promise<void> {
		const engine = await this.engine();
		const models = await engine.listModels();
		this.#models = models.filter(({ task }) => task === 'text-generation');
	}

	/** Whether generating with a choice needs no loading first. */
	isReady(choice: ModelChoice): boolean {
		const loaded = this.#loaded;
		if (!loaded || loaded.id !== choice.id) return false;
		return choice.variant === undefined || choice.variant === loaded.variant;
	}

	/** Makes a model ready; at once when it already is. */
	async ready(
		choice: ModelChoice,
		options: { signal: AbortSignal; onProgress: (progress: Progress) => void }
	): Promise<LoadedModel> {
		const known = this.isReady(choice) ? this.#loaded : undefined;
		return known ?? (await this.#load(choice, options));
	}

	/** The model as it is after a run: the engine may have moved to another device meanwhile. */
	async refreshed(before: PassageModel, choice: ModelChoice): Promise<PassageModel> {
		if (this.isReady(choice)) return before;
		const options = { signal: new AbortController().signal, onProgress: () => undefined };
		return this.ready(choice, options).then(modelOf, () => before);
	}

	/** Opens the engine; when it says that it moved to another device, what was loaded is forgotten. */
	async #watch(): Promise<WriterEngine> {
		const engine = await this.#open();
		engine.onNotice(({ kind }) => {
			if (kind === 'fallback' || kind === 'recovered') this.#loaded = undefined;
		});
		return engine;
	}

	async #load(
		choice: ModelChoice,
		{ signal, onProgress }: { signal: AbortSignal; onProgress: (progress: Progress) => void }
	): Promise<LoadedModel> {
		const engine = await this.engine();
		const loaded = await engine.loadModel(choice, {
			signal,
			onEvent: (event) => onProgress(event.progress)
		});
		this.#loaded = loaded;
		void this.list().catch(() => undefined); // It is installed now; the list says so.
		return loaded;
	}
}
