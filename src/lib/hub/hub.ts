import type { LocalFile, ModelSummary, StorageReport, VerifyReport } from '../core/catalogue.ts';
import type { HistoryStore } from '../core/history.ts';
import type { OnProgress } from '../core/progress.ts';
import type { InstalledVariant } from '../store/records.ts';
import type { SettingsStore } from '../store/studio-store.ts';
import type { DeviceClass } from './manifest.ts';
import type { OpenedModel } from './open-model.ts';

export interface JobOptions {
	readonly onProgress?: OnProgress;
	readonly signal?: AbortSignal;
}

/** A model and its variant; the device's default variant when none is named. */
export interface HubChoice {
	readonly id: string;
	readonly variant?: string;
}

/**
 * The models this machine has and can have. All failures are StudioErrors; nothing here needs a
 * device, so it runs in any worker, and several tabs and workers may use it at once.
 */
export interface Hub {
	/** `memory` when the browser offers no storage. */
	readonly storageKind: 'indexeddb' | 'memory';
	/** Why storage is only memory, in one sentence. */
	readonly storageReason: string | undefined;
	readonly history: HistoryStore;
	readonly settings: SettingsStore;
	/**
	 * Bundled models (installed or not), then those the person added. Works offline: the last known
	 * list is kept, and installed models list themselves.
	 */
	list(device: DeviceClass): Promise<ModelSummary[]>;
	/**
	 * The variant a choice means on this device: the one named, else an installed one when the
	 * network is gone, else the default.
	 * @throws StudioError `not-found`
	 */
	resolve(choice: HubChoice, device: DeviceClass): Promise<{ id: string; variant: string }>;
	/**
	 * Makes a variant complete on this machine: quota check, download (resumed, verified), commit.
	 * Already installed: returns at once, without network. In other tabs at the same time: one
	 * downloads, the others wait and see its progress.
	 * @throws StudioError `quota`, `network`, `verification`, `not-found`, `bad-model`, `aborted`
	 */
	install(id: string, variant: string, options?: JobOptions): Promise<InstalledVariant>;
	/**
	 * Everything a runtime needs of an installed variant.
	 * @throws StudioError `not-found` when it is not installed, `verification` when parts are missing
	 */
	open(id: string, variant: string): Promise<OpenedModel>;
	/** Hashes every stored chunk again and fetches the damaged ones; all variants when none is named. */
	verify(choice: HubChoice, options?: JobOptions): Promise<VerifyReport>;
	/** Deletes a variant or a whole model, unfinished downloads included. */
	remove(choice: HubChoice): Promise<void>;
	/**
	 * Keeps a Hugging Face-layout folder as a model, all its variants or nothing.
	 * @param name what the person calls it (the folder's name)
	 * @throws StudioError `bad-model` naming the file, `quota`
	 */
	importDisk(
		name: string,
		files: readonly LocalFile[],
		options?: JobOptions
	): Promise<ModelSummary>;
	/**
	 * Adds a Hugging Face-layout repository to the list; its files are fetched by `install`.
	 * @param endpoint base URL of the hub
	 * @param repository `owner/name`
	 */
	addRepository(
		endpoint: string,
		repository: string,
		options?: JobOptions & { readonly revision?: string }
	): Promise<ModelSummary>;
	storageReport(): Promise<StorageReport>;
	close(): void;
}
