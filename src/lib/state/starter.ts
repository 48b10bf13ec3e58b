import type { ModelSummary, VariantSummary } from '#lib/core/catalogue.ts';
import type { StudioError } from '#lib/core/errors.ts';
import type { Progress } from '#lib/core/progress.ts';
import type { JobState, ModelsState } from './models.svelte.ts';

/** The model that comes with the studio and is kept on the first visit. */
export const STARTER_ID = 'storyteller';

/** Remembers that a person stopped the first installation. */
const DECLINED_KEY = 'vitrine-starter-declined';

/** Where the starter model stands on this machine. */
export type StarterState =
	| { readonly kind: 'unknown' }
	| { readonly kind: 'absent' }
	| { readonly kind: 'failed'; readonly error: StudioError; readonly starter: Starter | undefined }
	| { readonly kind: 'missing'; readonly starter: Starter; readonly volatile: boolean }
	| {
			readonly kind: 'installing';
			readonly starter: Starter;
			readonly progress: Progress | undefined;
	  }
	| { readonly kind: 'installed'; readonly starter: Starter };

export interface Starter {
	readonly model: ModelSummary;
	readonly variant: VariantSummary;
}

/**
 * The starter model and the variant that counts: an installed one, else this device's default.
 * @returns undefined when this site does not have it
 */
export function findStarter(models: readonly ModelSummary[]): Starter | undefined {
	const model = models.find(({ id }) => id === STARTER_ID);
	const variant =
		model?.variants.find(({ name, installed }) => installed && name === model.defaultVariant) ??
		model?.variants.find(({ installed }) => installed) ??
		model?.variants.find(({ name }) => name === model.defaultVariant);
	return model && variant ? { model, variant } : undefined;
}

/** Where the starter stands, from the list of models and the job of its variant. */
export function starterState(state: ModelsState, job: JobState | undefined): StarterState {
	if (state.kind === 'loading') return { kind: 'unknown' };
	if (state.kind === 'failed') return { kind: 'failed', error: state.error, starter: undefined };
	const starter = findStarter(state.models);
	if (!starter) return { kind: 'absent' };
	if (job?.kind === 'failed') return { kind: 'failed', error: job.error, starter };
	if (job?.kind === 'running' && job.verb === 'install') {
		return { kind: 'installing', starter, progress: job.progress };
	}
	if (starter.variant.installed) return { kind: 'installed', starter };
	return { kind: 'missing', starter, volatile: state.storage.kind === 'memory' };
}

/** Bytes of the starter model that a first visit keeps, over all kinds of device. */
export interface StarterBytes {
	readonly least: number;
	readonly most: number;
}

interface IndexModel {
	readonly id: string;
	readonly defaults: Readonly<Record<string, string>>;
	readonly variants: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Sizes of the starter's default variants from the site's list of models, known before an engine is.
 * @param index JSON of `models/index.json`
 * @returns undefined when the list does not have them; the engine tells later
 */
export function starterBytes(index: unknown): StarterBytes | undefined {
	const { models } = (index ?? {}) as { readonly models?: readonly IndexModel[] };
	const starter = models?.find(({ id }) => id === STARTER_ID);
	const defaults = Object.values(starter?.defaults ?? {});
	const sizes = (starter?.variants ?? [])
		.filter(({ name, bytes }) => defaults.includes(name) && Number.isFinite(bytes))
		.map(({ bytes }) => bytes);
	if (sizes.length === 0) return undefined;
	return { least: Math.min(...sizes), most: Math.max(...sizes) };
}

/** Fetches the site's list of models and reads {@link starterBytes} from it. */
export async function fetchStarterBytes(url: string): Promise<StarterBytes | undefined> {
	try {
		const response = await fetch(url);
		return response.ok ? starterBytes(await response.json()) : undefined;
	} catch {
		// Offline before the first visit ended, or a broken list: the engine reports it properly.
		return undefined;
	}
}

/** What decides whether a first visit may fetch the starter model unasked. */
export interface FirstVisit {
	/** The browser was told to save data, or the connection is metered. */
	readonly saveData: boolean;
	/** `navigator.onLine`. */
	readonly online: boolean;
	readonly declined: boolean;
}

/**
 * Whether the starter is installed without a click: only where it can be kept, on a connection that
 * nobody asked to spare, and when the person did not stop it before.
 */
export function installsUnasked(state: StarterState, visit: FirstVisit): boolean {
	if (state.kind !== 'missing' || state.volatile) return false;
	return visit.online && !visit.saveData && !visit.declined;
}

/** Reads the first visit's circumstances from the browser; missing parts mean consent. */
export function readFirstVisit(
	browser: { readonly onLine: boolean; readonly connection?: { readonly saveData?: boolean } },
	storage: () => Pick<Storage, 'getItem'>
): FirstVisit {
	let declined = false;
	try {
		declined = storage().getItem(DECLINED_KEY) !== null;
	} catch {
		// No storage: nothing can have been declined.
	}
	return { saveData: browser.connection?.saveData === true, online: browser.onLine, declined };
}

/** Remembers, where the browser allows it, whether the first installation was stopped. */
export function rememberDeclined(
	declined: boolean,
	storage: () => Pick<Storage, 'setItem' | 'removeItem'>
): void {
	try {
		if (declined) storage().setItem(DECLINED_KEY, '1');
		else storage().removeItem(DECLINED_KEY);
	} catch {
		// No storage: it is asked again next time.
	}
}
