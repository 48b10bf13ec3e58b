import type { ModelTask } from '../core/catalogue.ts';
import { StudioError } from '../core/errors.ts';
import type { RepositoryAddress } from '../store/records.ts';
import type { HubEnvironment } from './environment.ts';
import { fetchJson } from './fetch-json.ts';
import { fileKind } from './file-kind.ts';
import type { Manifest, ManifestFile, ManifestVariant } from './manifest.ts';
import { isSafePath } from './manifest.ts';
import type { Repository } from './repository.ts';
import { chooseDefaults, variantFiles } from './variant-name.ts';

/** Text files larger than this are not configuration. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

type HuggingFaceAddress = Extract<RepositoryAddress, { kind: 'huggingface' }>;

/** One row of a hub's `api/models/<repository>/tree/<revision>` answer, as far as we read it. */
interface TreeEntry {
	readonly type: 'file' | 'directory';
	readonly path: string;
	readonly size: number;
	/** Files in large-file storage: their SHA-256 and true size. */
	readonly lfs?: { readonly oid: string; readonly size: number };
}

/**
 * A repository of a hub with Hugging Face's URL layout: files at
 * `<endpoint>/<owner>/<name>/resolve/<revision>/<path>`, the list of files from its tree API.
 */
export function huggingFaceRepository(
	environment: HubEnvironment,
	id: string,
	address: HuggingFaceAddress
): Repository {
	const { endpoint, repository, revision } = address;
	const name = repository.split('/').map(encodeURIComponent).join('/');
	const version = encodeURIComponent(revision);
	return {
		address,
		urlOf: (path) =>
			`${endpoint}/${name}/resolve/${version}/${path.split('/').map(encodeURIComponent).join('/')}`,
		manifest: async (options) => {
			const url = `${endpoint}/api/models/${name}/tree/${version}?recursive=true`;
			const entries = await listFiles(environment, repository, url, options);
			return manifestOf(id, repository, entries);
		}
	};
}

async function listFiles(
	environment: HubEnvironment,
	repository: string,
	first: string,
	{ fresh = false, signal }: { readonly fresh?: boolean; readonly signal?: AbortSignal }
): Promise<ManifestFile[]> {
	const files: ManifestFile[] = [];
	let url: string | undefined = first;
	while (url !== undefined) {
		const what = `the list of files of ${repository}`;
		const request = { what, url, fresh, ...(signal ? { signal } : {}) };
		const { json, headers }: Awaited<ReturnType<typeof fetchJson>> = await fetchJson(
			environment,
			request
		);
		if (!Array.isArray(json)) throw notAHub(url);
		files.push(...json.filter(isFile).map(manifestFileOf));
		url = nextPage(headers.get('link'), url);
	}
	return files;
}

function isFile(entry: unknown): entry is TreeEntry {
	const row = entry as Partial<TreeEntry> | null;
	return (
		row?.type === 'file' &&
		typeof row.path === 'string' &&
		isSafePath(row.path) &&
		Number.isSafeInteger(row.lfs?.size ?? row.size)
	);
}

function manifestFileOf({ path, size, lfs }: TreeEntry): ManifestFile {
	const known = lfs && /^[0-9a-f]{64}$/.test(lfs.oid);
	return { path, size: lfs?.size ?? size, ...(known ? { sha256: lfs.oid } : {}) };
}

/** The `rel="next"` address of a Link header (RFC 8288). */
function nextPage(link: string | null, base: string): string | undefined {
	const next = /<([^>]+)>\s*;\s*rel="next"/.exec(link ?? '')?.[1];
	return next === undefined ? undefined : new URL(next, base).href;
}

function manifestOf(id: string, repository: string, all: readonly ManifestFile[]): Manifest {
	const texts = all.filter(
		({ path, size }) => fileKind(path) === 'text' && size > 0 && size <= MAX_TEXT_BYTES
	);
	const variants = variantFiles(all.map(({ path }) => path)).map(({ name, path }) =>
		variantOf(name, path, texts, all)
	);
	if (variants.length === 0) throw noGraphs(repository);
	const used = new Set(variants.flatMap(({ files }) => files));
	return {
		schema: 1,
		id,
		title: repository.split('/').at(-1) ?? repository,
		task: taskOf(all),
		description: `From ${repository}.`,
		licence: 'see the model card',
		defaults: chooseDefaults(variants),
		variants,
		files: all.filter(({ path }) => used.has(path))
	};
}

function variantOf(
	name: string,
	path: string,
	texts: readonly ManifestFile[],
	all: readonly ManifestFile[]
): ManifestVariant {
	const own = all.filter((file) => file.path === path || isDataOf(file.path, path));
	const files = [...texts, ...own];
	return {
		name,
		file: path,
		files: files.map((file) => file.path),
		bytes: files.reduce((sum, file) => sum + file.size, 0)
	};
}

/** External data is named after its graph: model_q4.onnx_data, model_q4.onnx_data_1, … */
function isDataOf(path: string, graph: string): boolean {
	return path.startsWith(`${graph}_data`) || path.startsWith(`${graph}.data`);
}

/** A tokenizer beside a single graph means a language model. */
function taskOf(all: readonly ManifestFile[]): ModelTask {
	return all.some(({ path }) => path === 'tokenizer.json') ? 'text-generation' : 'other';
}

function notAHub(url: string): StudioError {
	return new StudioError(
		'not-found',
		`${url} does not answer with a list of files as a Hugging Face hub does.`,
		'Check the address of the hub and the name of the repository.'
	);
}

function noGraphs(repository: string): StudioError {
	return new StudioError(
		'unsupported',
		`${repository} has no ONNX graphs (onnx/model.onnx or one of its quantised forms).`,
		'Choose a repository that has an onnx folder; onnx-community converts many models.'
	);
}
