import type { ModelSummary, VariantSummary } from '../core/catalogue.ts';
import { StudioError, isAbort } from '../core/errors.ts';
import type { InstalledVariant, Lease, RepositoryAddress } from '../store/records.ts';
import { leaseKey } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { fetchJson } from './fetch-json.ts';
import type { DeviceClass, IndexEntry } from './manifest.ts';
import { parseIndex } from './manifest.ts';
import { chooseDefaults } from './variant-name.ts';

const INDEX_KEY = 'hub:index';
const ADDED_KEY = 'hub:repositories';

/** How long a page waits for the site's list before it takes the last one seen, in milliseconds. */
const LIST_PATIENCE_MS = 8_000;

/** A model that can be listed: where it comes from, and what its repository says of it. */
export interface Listing {
	readonly entry: IndexEntry;
	readonly address: RepositoryAddress;
}

/** A repository that a person added. */
type AddedRepository = Listing & {
	readonly address: Extract<RepositoryAddress, { kind: 'huggingface' }>;
};

/**
 * Every model, bundled ones first, then added repositories, then those that only the store knows
 * (from disk, or no longer part of the site).
 */
export async function listings(context: HubContext, baseUrl: string): Promise<Listing[]> {
	const bundled = await bundledModels(context, baseUrl);
	const listed: Listing[] = [
		...bundled.map((entry): Listing => ({ entry, address: { kind: 'site' } })),
		...(await addedRepositories(context))
	];
	const known = new Set(listed.map(({ entry }) => entry.id));
	const records = await context.store.weights.installed();
	const others = Map.groupBy(
		records.filter(({ id }) => !known.has(id)),
		({ id }) => id
	);
	return [...listed, ...[...others.values()].flatMap(listingOfRecords)];
}

/** The model as pages show it. */
export function summarise(
	{ entry, address }: Listing,
	device: DeviceClass,
	records: readonly InstalledVariant[],
	partialBytes: ReadonlyMap<string, number>
): ModelSummary {
	const { id, title, task, description, licence } = entry;
	const variants = entry.variants.map(({ name, file, bytes }): VariantSummary => {
		const record = records.find((r) => r.id === id && r.variant === name);
		const partial = record ? 0 : (partialBytes.get(leaseKey(id, name)) ?? 0);
		return {
			name,
			file,
			bytes: record?.bytes ?? bytes,
			installed: record !== undefined,
			partialBytes: partial
		};
	});
	const source = { site: 'bundled', huggingface: 'hub', disk: 'disk' } as const;
	return {
		...{ id, title, task, description, licence, variants },
		source: source[address.kind],
		defaultVariant: entry.defaults[device]
	};
}

/** Bytes that each unfinished download already has, by its lease's key. */
export async function partialBytes(context: HubContext): Promise<Map<string, number>> {
	const { weights } = context.store;
	const bytes = new Map<string, number>();
	for (const lease of await weights.leases()) bytes.set(lease.key, await heldBytes(context, lease));
	return bytes;
}

async function heldBytes({ store }: HubContext, { chunks }: Lease): Promise<number> {
	const held = await store.weights.held(chunks.map(({ sha256 }) => sha256));
	return chunks.reduce((sum, { sha256, size }) => sum + (held.has(sha256) ? size : 0), 0);
}

/** The site's index; the last one seen when the network or the site fails. */
async function bundledModels(
	{ environment, store }: HubContext,
	baseUrl: string
): Promise<readonly IndexEntry[]> {
	const url = new URL('models/index.json', baseUrl).href;
	try {
		// One attempt: the page waits for this list, and the last one seen is nearly as good.
		const sleep = (): Promise<never> => Promise.reject(new OfflineError());
		const once = { ...environment, sleep, stallMs: LIST_PATIENCE_MS };
		const { json } = await fetchJson(once, { what: 'the list of models', url });
		const { models } = parseIndex(json, url);
		await store.settings.set(INDEX_KEY, json);
		return models;
	} catch (error) {
		const expected = error instanceof OfflineError || error instanceof StudioError;
		if (!expected || isAbort(error)) throw error;
		const last = await store.settings.get(INDEX_KEY);
		return last === undefined ? [] : parseIndex(last, 'the last visit').models;
	}
}

class OfflineError extends Error {}

/** The repositories a person added, oldest first. */
export async function addedRepositories({ store }: HubContext): Promise<AddedRepository[]> {
	return ((await store.settings.get(ADDED_KEY)) ?? []) as AddedRepository[];
}

/** Adds a repository to the list, or replaces the one with its id. */
export async function addRepository(context: HubContext, added: AddedRepository): Promise<void> {
	const others = (await addedRepositories(context)).filter(
		({ entry }) => entry.id !== added.entry.id
	);
	await context.store.settings.set(ADDED_KEY, [...others, added]);
}

/** Takes a repository off the list; an unknown id is ignored. */
export async function removeRepository(context: HubContext, id: string): Promise<void> {
	const all = await addedRepositories(context);
	const kept = all.filter(({ entry }) => entry.id !== id);
	if (kept.length < all.length) await context.store.settings.set(ADDED_KEY, kept);
}

function listingOfRecords(records: readonly InstalledVariant[]): Listing[] {
	const [first] = records;
	if (!first) return [];
	const { id, title, task, description, licence, address } = first;
	const variants = records.map(({ variant, file, files, bytes }) => ({
		name: variant,
		file,
		files: [...files.map(({ path }) => path), file],
		bytes
	}));
	const defaults = chooseDefaults(variants);
	return [{ entry: { id, title, task, description, licence, variants, defaults }, address }];
}
