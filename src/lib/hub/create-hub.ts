import type { LocalFile, ModelSummary, VerifyReport } from '../core/catalogue.ts';
import { StudioError, toStudioError } from '../core/errors.ts';
import { openStore } from '../store/open-store.ts';
import type { InstalledVariant } from '../store/records.ts';
import type { StudioStore } from '../store/studio-store.ts';
import { browserEnvironment } from './browser-environment.ts';
import type { Listing } from './catalogue.ts';
import { addRepository, listings, partialBytes, removeRepository, summarise } from './catalogue.ts';
import type { HubContext } from './context.ts';
import type { HubEnvironment } from './environment.ts';
import type { Hub, HubChoice, JobOptions } from './hub.ts';
import { huggingFaceRepository } from './huggingface.ts';
import { importDisk, sweepImports } from './import-disk.ts';
import { completeVariant, installVariant } from './install.ts';
import type { DeviceClass } from './manifest.ts';
import { entryOf } from './manifest.ts';
import { openModel } from './open-model.ts';
import { storageReport } from './quota.ts';
import type { Repository } from './repository.ts';
import { siteRepository } from './site-repository.ts';
import { verifyVariant } from './verify.ts';

export interface HubOptions {
	/** Absolute URL of the site's root, with a trailing slash. */
	readonly baseUrl: string;
	/** False keeps everything in memory. */
	readonly persist: boolean;
	readonly environment?: HubEnvironment;
	/** For tests; opened from IndexedDB or memory when absent. */
	readonly store?: StudioStore;
}

/**
 * Opens the store and gives the hub over it.
 * @throws StudioError `storage` when this page's data cannot be opened
 */
export async function createHub(options: HubOptions): Promise<Hub> {
	const environment = options.environment ?? browserEnvironment();
	const store = options.store ?? (await openStore({ persist: options.persist }));
	const context: HubContext = { environment, store };
	await sweepImports(context);
	const verbs = hubVerbs(context, options.baseUrl);
	return {
		storageKind: store.kind,
		storageReason: store.reason,
		history: store.history,
		settings: store.settings,
		...verbs,
		close: () => store.close()
	};
}

type HubVerbs = Omit<Hub, 'storageKind' | 'storageReason' | 'history' | 'settings' | 'close'>;

function hubVerbs(context: HubContext, baseUrl: string): HubVerbs {
	const { weights } = context.store;
	return {
		list: (device) => guarded(() => list(context, baseUrl, device)),
		resolve: (choice, device) => guarded(() => resolve(context, baseUrl, choice, device)),
		install: (id, variant, options) =>
			guarded(async () => {
				const early = await completeVariant(weights, id, variant);
				if (early) return early;
				const { address } = await findListing(context, baseUrl, id);
				const repository = repositoryOf(context, baseUrl, id, address);
				if (!repository) throw cannotRefetch(id);
				return installVariant(context, repository, { id, variant }, options);
			}),
		open: (id, variant) => guarded(() => openModel(weights, id, variant)),
		verify: (choice, options) => guarded(() => verify(context, baseUrl, choice, options)),
		remove: ({ id, variant }) =>
			guarded(async () => {
				await weights.remove(id, variant);
				if (variant === undefined) await removeRepository(context, id);
			}),
		importDisk: (name, files, options) =>
			guarded(() => importFolder(context, baseUrl, name, files, options)),
		addRepository: (endpoint, repository, options) =>
			guarded(() => add(context, endpoint, repository, options)),
		storageReport: () => guarded(() => storageReport(context))
	};
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		throw toStudioError(error);
	}
}

async function list(
	context: HubContext,
	baseUrl: string,
	device: DeviceClass
): Promise<ModelSummary[]> {
	const found = await listings(context, baseUrl);
	const records = await context.store.weights.installed();
	const partial = await partialBytes(context);
	return found.map((listing) => summarise(listing, device, records, partial));
}

async function findListing(context: HubContext, baseUrl: string, id: string): Promise<Listing> {
	const all = await listings(context, baseUrl);
	const found = all.find(({ entry }) => entry.id === id);
	if (found) return found;
	throw new StudioError(
		'not-found',
		`There is no model "${id}" here or on this site.`,
		'Choose one on the Models page; while offline only installed models can be used.'
	);
}

async function resolve(
	context: HubContext,
	baseUrl: string,
	{ id, variant }: HubChoice,
	device: DeviceClass
): Promise<{ id: string; variant: string }> {
	if (variant !== undefined) return { id, variant };
	const { entry } = await findListing(context, baseUrl, id);
	const preferred = entry.defaults[device];
	if (await completeVariant(context.store.weights, id, preferred))
		return { id, variant: preferred };
	// Offline, any installed variant is better than one that cannot be fetched.
	const installed = (await context.store.weights.installed()).find((record) => record.id === id);
	const useOther = installed && !context.environment.online();
	return { id, variant: useOther ? installed.variant : preferred };
}

function repositoryOf(
	{ environment }: HubContext,
	baseUrl: string,
	id: string,
	address: InstalledVariant['address']
): Repository | undefined {
	if (address.kind === 'site') return siteRepository(environment, baseUrl, id);
	if (address.kind === 'huggingface') return huggingFaceRepository(environment, id, address);
	return undefined;
}

async function verify(
	context: HubContext,
	baseUrl: string,
	{ id, variant }: HubChoice,
	options?: JobOptions
): Promise<VerifyReport> {
	const all = await context.store.weights.installed();
	const records = all.filter(
		(r) => r.id === id && (variant === undefined || r.variant === variant)
	);
	if (records.length === 0) {
		throw new StudioError(
			'not-found',
			`${variant === undefined ? id : `${id} (${variant})`} is not installed, so there is nothing to verify.`,
			'Choose "Make available offline" first.'
		);
	}
	const reports: VerifyReport[] = [];
	for (const record of records) {
		const repository = repositoryOf(context, baseUrl, id, record.address);
		reports.push(await verifyVariant(context, repository, record, options));
	}
	return {
		checkedBytes: reports.reduce((sum, { checkedBytes }) => sum + checkedBytes, 0),
		repaired: reports.flatMap(({ repaired }) => repaired),
		damaged: reports.flatMap(({ damaged }) => damaged)
	};
}

async function importFolder(
	context: HubContext,
	baseUrl: string,
	name: string,
	files: readonly LocalFile[],
	options?: JobOptions
): Promise<ModelSummary> {
	await sweepImports(context);
	const [record] = await importDisk(context, name, files, options);
	const id = record?.id ?? '';
	const listing = await findListing(context, baseUrl, id);
	return summarise(listing, 'wasm', await context.store.weights.installed(), new Map());
}

async function add(
	context: HubContext,
	endpoint: string,
	repository: string,
	options: JobOptions & { readonly revision?: string } = {}
): Promise<ModelSummary> {
	if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
		throw new StudioError(
			'bad-input',
			`Expected a repository as owner/name, got "${repository.slice(0, 80)}".`,
			'Copy the name from the model’s page, for example onnx-community/SmolLM2-135M-ONNX.'
		);
	}
	const { signal, revision = 'main' } = options;
	const id = `hub-${repository.toLowerCase().replace('/', '--')}`;
	const root = endpoint.replace(/\/+$/, '');
	const address = { kind: 'huggingface', endpoint: root, repository, revision } as const;
	const source = huggingFaceRepository(context.environment, id, address);
	const entry = entryOf(await source.manifest(signal ? { signal } : {}));
	await addRepository(context, { entry, address });
	const records = await context.store.weights.installed();
	return summarise({ entry, address }, 'wasm', records, new Map());
}

function cannotRefetch(id: string): StudioError {
	return new StudioError(
		'not-found',
		`${id} was opened from disk, and parts of it are gone.`,
		'Open its folder again on the Models page.'
	);
}
