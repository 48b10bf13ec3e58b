import type { ModelTask } from '../core/catalogue.ts';
import { StudioError } from '../core/errors.ts';
import { CHUNK_BYTES } from '../store/records.ts';

/** Which kind of machine a variant is chosen for. */
export type DeviceClass = 'wasm' | 'webgpu' | 'lowMemory';

/** One piece of a file: its bytes lie behind those of the pieces before it. At most 8 MiB. */
export interface ManifestChunk {
	readonly size: number;
	readonly sha256: string;
}

export interface ManifestFile {
	readonly path: string;
	readonly size: number;
	/** SHA-256 of the whole file; absent where a hub does not tell. */
	readonly sha256?: string;
	/**
	 * The pieces that make up the file; absent where a hub does not tell. In graph files they begin
	 * and end with the weights, so that a downloaded piece is kept as it came.
	 */
	readonly chunks?: readonly ManifestChunk[];
}

export interface ManifestVariant {
	readonly name: string;
	/** The ONNX file that gives the variant its name. */
	readonly file: string;
	/** Paths of every file that the variant needs, `file` included. */
	readonly files: readonly string[];
	/** Sum of their sizes. */
	readonly bytes: number;
}

/** What a repository holds and what its bytes must hash to. */
export interface Manifest {
	readonly schema: 1;
	readonly id: string;
	readonly title: string;
	readonly task: ModelTask;
	readonly description: string;
	readonly licence: string;
	/** The variant for each kind of machine. */
	readonly defaults: Readonly<Record<DeviceClass, string>>;
	readonly variants: readonly ManifestVariant[];
	readonly files: readonly ManifestFile[];
}

/** A model as `models/index.json` lists it: the manifest without its files. */
export type IndexEntry = Omit<Manifest, 'files' | 'schema'>;

/** `models/index.json`: every bundled model. */
export interface ModelIndex {
	readonly schema: 1;
	readonly models: readonly IndexEntry[];
}

/** The part of a manifest that indices list. */
export function entryOf(manifest: Manifest): IndexEntry {
	const { id, title, task, description, licence, defaults, variants } = manifest;
	return { id, title, task, description, licence, defaults, variants };
}

const TASKS: Readonly<Record<ModelTask, true>> = {
	'text-generation': true,
	'image-generation': true,
	'style-transfer': true,
	other: true
};

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Checks that JSON is a manifest whose parts agree: sizes add up, hashes are hashes, variants name
 * files that are there, paths stay inside the repository.
 * @param where its address, for the message
 * @throws StudioError `verification`
 */
export function parseManifest(json: unknown, where: string): Manifest {
	const manifest = json as Manifest;
	const wrong = findFault(json);
	if (wrong) throw broken(where, wrong);
	const files = new Map(manifest.files.map((file) => [file.path, file]));
	for (const variant of manifest.variants) {
		let bytes = 0;
		for (const path of variant.files) {
			const file = files.get(path);
			if (!file)
				throw broken(where, `variant ${variant.name} needs "${path}", which is not listed`);
			bytes += file.size;
		}
		if (bytes !== variant.bytes) {
			throw broken(
				where,
				`variant ${variant.name} says ${variant.bytes} bytes, its files ${bytes}`
			);
		}
	}
	return manifest;
}

/**
 * Checks that JSON is a model index.
 * @throws StudioError `verification`
 */
export function parseIndex(json: unknown, where: string): ModelIndex {
	const index = json as ModelIndex;
	if (!isRecord(json) || json.schema !== 1 || !Array.isArray(json.models)) {
		throw broken(where, 'it is not a list of models of schema 1');
	}
	for (const entry of index.models) {
		const wrong = findEntryFault(entry);
		if (wrong) throw broken(where, wrong);
	}
	return index;
}

/**
 * A file of a manifest.
 * @throws StudioError `not-found`
 */
export function manifestFile(manifest: Manifest, path: string): ManifestFile {
	const file = manifest.files.find((candidate) => candidate.path === path);
	if (file) return file;
	throw new StudioError(
		'not-found',
		`${manifest.id} has no file "${path}".`,
		'Reload the page to get the current list of files.'
	);
}

/**
 * A variant of a manifest or index entry, by name.
 * @throws StudioError `not-found` with the names there are
 */
export function manifestVariant(
	entry: Pick<Manifest, 'id' | 'variants'>,
	name: string
): ManifestVariant {
	const variant = entry.variants.find((candidate) => candidate.name === name);
	if (variant) return variant;
	const names = entry.variants.map((candidate) => candidate.name).join(', ');
	throw new StudioError(
		'not-found',
		`${entry.id} has no variant "${name}".`,
		`Choose one of: ${names}.`
	);
}

function findFault(json: unknown): string | undefined {
	if (!isRecord(json) || json.schema !== 1) return 'it is not a manifest of schema 1';
	const wrong = findEntryFault(json);
	if (wrong) return wrong;
	if (!Array.isArray(json.files)) return 'it lists no files';
	for (const file of json.files) {
		const wrong = findFileFault(file);
		if (wrong) return wrong;
	}
	return undefined;
}

function findEntryFault(json: unknown): string | undefined {
	if (!isRecord(json)) return 'an entry is not an object';
	for (const key of ['id', 'title', 'description', 'licence', 'task'] as const) {
		if (typeof json[key] !== 'string') return `"${key}" is not a text`;
	}
	if (!Object.hasOwn(TASKS, String(json.task))) return `it has the unknown task "${json.task}"`;
	if (!Array.isArray(json.variants) || json.variants.length === 0) return 'it lists no variants';
	for (const variant of json.variants) {
		if (!isRecord(variant) || typeof variant.name !== 'string' || !isSize(variant.bytes)) {
			return 'a variant has no name or size';
		}
		const { files, file } = variant;
		if (!Array.isArray(files) || !files.includes(file)) {
			return `variant ${variant.name} does not list its own graph`;
		}
	}
	return findDefaultsFault(json.defaults, json.variants as ManifestVariant[]);
}

function findDefaultsFault(
	defaults: unknown,
	variants: readonly ManifestVariant[]
): string | undefined {
	if (!isRecord(defaults)) return 'it has no defaults';
	for (const device of ['wasm', 'webgpu', 'lowMemory']) {
		if (!variants.some(({ name }) => name === defaults[device])) {
			return `its default for ${device} is not one of its variants`;
		}
	}
	return undefined;
}

function findFileFault(file: unknown): string | undefined {
	if (!isRecord(file) || typeof file.path !== 'string' || !isSafePath(file.path)) {
		return 'a file has no path inside the repository';
	}
	const { path, size, sha256, chunks } = file;
	if (!isSize(size)) return `"${path}" has no size`;
	if (sha256 !== undefined && !isHash(sha256)) return `"${path}" has no valid SHA-256`;
	if (chunks === undefined) return undefined;
	if (!Array.isArray(chunks)) return `"${path}" has no list of chunks`;
	let total = 0;
	for (const chunk of chunks) {
		if (!isRecord(chunk) || !isSize(chunk.size) || !isHash(chunk.sha256)) {
			return `"${path}" has a chunk without size or SHA-256`;
		}
		if (chunk.size === 0 || chunk.size > CHUNK_BYTES)
			return `"${path}" has a chunk of a wrong size`;
		total += chunk.size;
	}
	return total === size ? undefined : `the chunks of "${path}" are ${total} bytes, not ${size}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHash(value: unknown): value is string {
	return typeof value === 'string' && SHA256.test(value);
}

/** Relative, forward slashes, no way up. */
export function isSafePath(path: string): boolean {
	return (
		path !== '' &&
		!/^[a-z]+:|^\/|[\\?#]/i.test(path) &&
		path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
	);
}

function broken(where: string, why: string): StudioError {
	return new StudioError(
		'verification',
		`The list of files at ${where} cannot be trusted: ${why}.`,
		'Reload the page; if it happens again, the site has to be built again.'
	);
}
