import type { LocalFile, ModelSummary, StorageReport, VerifyReport } from '#lib/core/catalogue.ts';
import { isAbort, toStudioError, type StudioError } from '#lib/core/errors.ts';
import type { Progress } from '#lib/core/progress.ts';
import type { InstallEvent, ModelChoice } from '#lib/studio/api.ts';
import type { JobOptions } from '#lib/studio/client.ts';
import type { Studio, StudioEngine } from './studio.svelte.ts';

export type ModelsState =
	| { readonly kind: 'loading' }
	| { readonly kind: 'failed'; readonly error: StudioError }
	| {
			readonly kind: 'ready';
			readonly models: readonly ModelSummary[];
			readonly storage: StorageReport;
	  };

/** What goes on, or what last came, for one variant or for the folder being opened. */
export type JobState =
	| { readonly kind: 'running'; readonly verb: JobVerb; readonly progress: Progress | undefined }
	| { readonly kind: 'verified'; readonly report: VerifyReport }
	| { readonly kind: 'imported'; readonly model: ModelSummary }
	| { readonly kind: 'failed'; readonly verb: JobVerb; readonly error: StudioError };

export type JobVerb = 'install' | 'verify' | 'remove' | 'import';

/** Key of the job that opens a folder; variants have {@link jobKey}. */
export const IMPORT_JOB = 'import';

/** Key of a variant's job. */
export function jobKey({ id, variant }: ModelChoice): string {
	return `${id}/${variant ?? ''}`;
}

/** The models of this machine and of this site, and the jobs that change them. */
export class Models {
	readonly #studio: Studio;
	readonly #controllers: Record<string, AbortController> = {};
	#state: ModelsState = $state.raw({ kind: 'loading' });
	#jobs: Readonly<Record<string, JobState>> = $state.raw({});

	constructor(studio: Studio) {
		this.#studio = studio;
	}

	get state(): ModelsState {
		return this.#state;
	}

	/** The job of a key, when something goes on there or there is a result to show. */
	job(key: string): JobState | undefined {
		return this.#jobs[key];
	}

	/** Reads the list and the storage again; what is on show stays until the new list is there. */
	async refresh(): Promise<void> {
		if (this.#state.kind === 'failed') this.#state = { kind: 'loading' };
		try {
			const engine = await this.#studio.engine();
			const [models, storage] = await Promise.all([engine.listModels(), engine.storage()]);
			this.#state = { kind: 'ready', models, storage };
		} catch (error) {
			this.#state = { kind: 'failed', error: toStudioError(error) };
		}
	}

	/** Downloads a variant; what an interrupted attempt left is used. */
	install(choice: ModelChoice): Promise<void> {
		return this.#run(jobKey(choice), 'install', async (engine, options) => {
			await engine.installModel(choice, options);
			return undefined;
		});
	}

	/** Checks every stored chunk of a variant and repairs what can be fetched. */
	verify(choice: ModelChoice): Promise<void> {
		return this.#run(jobKey(choice), 'verify', async (engine, options) => ({
			kind: 'verified',
			report: await engine.verifyModel(choice, options)
		}));
	}

	/** Deletes a variant, or the whole model when none is named. */
	remove(choice: ModelChoice): Promise<void> {
		return this.#run(jobKey(choice), 'remove', async (engine) => {
			await engine.removeModel(choice);
			return undefined;
		});
	}

	/** Keeps a folder opened from disk as a model. */
	importFolder(name: string, files: LocalFile[]): Promise<void> {
		return this.#run(IMPORT_JOB, 'import', async (engine, options) => ({
			kind: 'imported',
			model: await engine.importModel(name, files, options)
		}));
	}

	/** Shows why a folder could not even be read. */
	failImport(error: StudioError): void {
		this.#set(IMPORT_JOB, { kind: 'failed', verb: 'import', error });
	}

	/** Stops a running job; what is already kept stays and is used by the next attempt. */
	cancel(key: string): void {
		this.#controllers[key]?.abort();
	}

	/** Takes a result off the page. */
	dismiss(key: string): void {
		if (this.#jobs[key]?.kind !== 'running') this.#set(key, undefined);
	}

	async #run(
		key: string,
		verb: JobVerb,
		job: (engine: StudioEngine, options: JobOptions<InstallEvent>) => Promise<JobState | undefined>
	): Promise<void> {
		if (this.#controllers[key]) return;
		const controller = new AbortController();
		this.#controllers[key] = controller;
		this.#set(key, { kind: 'running', verb, progress: undefined });
		const onEvent = ({ progress }: InstallEvent): void => {
			this.#set(key, { kind: 'running', verb, progress });
		};
		try {
			const engine = await this.#studio.engine();
			this.#set(key, await job(engine, { signal: controller.signal, onEvent }));
		} catch (error) {
			const stopped = isAbort(error) || controller.signal.aborted;
			this.#set(key, stopped ? undefined : { kind: 'failed', verb, error: toStudioError(error) });
		} finally {
			delete this.#controllers[key];
		}
		await this.refresh();
	}

	#set(key: string, job: JobState | undefined): void {
		const jobs = { ...this.#jobs };
		if (job) jobs[key] = job;
		else delete jobs[key];
		this.#jobs = jobs;
	}
}
