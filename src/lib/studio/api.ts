import type { LocalFile, ModelSummary, StorageReport, VerifyReport } from '#lib/core/catalogue.ts';
import type { DeviceReport, Provider } from '#lib/core/device.ts';
import type {
	GenerationRequest,
	GenerationResult,
	TokenPiece,
	TokenRecord
} from '#lib/core/generation.ts';
import type { HistoryEntry } from '#lib/core/history.ts';
import type { Progress } from '#lib/core/progress.ts';

/** Names one long job; chosen by the caller, used to cancel it. */
export type RunId = string;

/** What a fresh engine worker needs to know. One worker tries one provider and no other. */
export interface EngineConfig {
	readonly provider: Provider;
	/** Absolute URL of the site's root (it may lie under a sub-path), with a trailing slash. */
	readonly baseUrl: string;
	/** False in embeds without storage: weights then stay in memory. */
	readonly persist: boolean;
	/** Why this worker is not on the best provider; shown in the device report. */
	readonly fallbackReason?: string;
}

export interface ModelChoice {
	readonly id: string;
	/** Variant name; the device's default when absent. */
	readonly variant?: string;
}

/** A model that is ready to generate. */
export interface LoadedModel {
	readonly id: string;
	readonly title: string;
	readonly variant: string;
	readonly contextLength: number;
	readonly vocabSize: number;
	/** Milliseconds from the request to ready, warm-up run included. */
	readonly loadMs: number;
	readonly device: DeviceReport;
}

export type InstallEvent = { readonly kind: 'progress'; readonly progress: Progress };

export type GenerationEvent =
	| { readonly kind: 'progress'; readonly progress: Progress }
	/** The prompt as the model sees it, before the first token. */
	| { readonly kind: 'prompt'; readonly tokens: readonly TokenPiece[] }
	| { readonly kind: 'token'; readonly token: TokenRecord };

/**
 * Everything a page can ask of an engine worker. Models travel as ids, weights never cross, long
 * jobs carry a run id and stream events; failures arrive as StudioError.
 */
export interface StudioApi {
	/** Prepares the provider. @throws StudioError `unsupported` when this provider cannot run here */
	start(config: EngineConfig): Promise<DeviceReport>;
	listModels(): Promise<ModelSummary[]>;
	/** Downloads and verifies a variant, resuming what an earlier attempt left. */
	installModel(run: RunId, choice: ModelChoice, emit: (event: InstallEvent) => void): Promise<void>;
	/** Keeps a Hugging Face-layout folder opened from disk as a model. */
	importModel(
		run: RunId,
		name: string,
		files: LocalFile[],
		emit: (event: InstallEvent) => void
	): Promise<ModelSummary>;
	/** Hashes every stored chunk again and fetches the damaged ones. */
	verifyModel(
		run: RunId,
		choice: ModelChoice,
		emit: (event: InstallEvent) => void
	): Promise<VerifyReport>;
	/** Deletes a variant, or the whole model when none is named. */
	removeModel(choice: ModelChoice): Promise<void>;
	storage(): Promise<StorageReport>;
	/** Makes a model ready, installing it first when it is not; a second call is cheap. */
	loadModel(
		run: RunId,
		choice: ModelChoice,
		emit: (event: InstallEvent) => void
	): Promise<LoadedModel>;
	/** Generates with a loaded model, loading it first when it is not. */
	generate(
		run: RunId,
		choice: ModelChoice,
		request: GenerationRequest,
		emit: (event: GenerationEvent) => void
	): Promise<GenerationResult>;
	/** Tokens of a text under a model's tokenizer. */
	tokenize(choice: ModelChoice, text: string): Promise<TokenPiece[]>;
	appendHistory(entry: HistoryEntry): Promise<void>;
	listHistory(): Promise<readonly HistoryEntry[]>;
	removeHistory(id: string): Promise<void>;
	clearHistory(): Promise<void>;
	/** URLs of the scripts and builds this worker loaded: what offline use has to keep. */
	usedFiles(): Promise<string[]>;
	/** Stops a run at its next step; unknown ids are ignored. */
	cancel(run: RunId): Promise<void>;
}
