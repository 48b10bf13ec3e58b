import type { ModelTask } from '../core/catalogue.ts';
import { StudioError } from '../core/errors.ts';
import { decodeGraph } from '../graph/decode.ts';
import type { Stretch } from './chunk-layout.ts';
import { cut, graphLayout, hashChunks, layoutAround } from './chunk-layout.ts';
import { fileKind } from './file-kind.ts';
import type { DeviceClass, Manifest, ManifestFile, ManifestVariant } from './manifest.ts';
import { variantFiles } from './variant-name.ts';

/** What people write about a bundled model: `static/models/<id>/vitrine.json`. */
export interface ModelCard {
	readonly title: string;
	readonly task: ModelTask;
	/** One sentence: what it knows and does. */
	readonly description: string;
	readonly licence: string;
	/** The variant for each kind of machine, by measurement. */
	readonly defaults: Readonly<Record<DeviceClass, string>>;
	/**
	 * Graphs of each variant, the naming one first. When absent, `onnx/model*.onnx` are the variants,
	 * one graph each.
	 */
	readonly variants?: Readonly<Record<string, readonly string[]>>;
}

export interface RepositoryFile {
	readonly path: string;
	readonly bytes: Uint8Array<ArrayBuffer>;
}

type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;

/**
 * The manifest of a model from its files: the same files and card give the same manifest.
 * @param all every file of its folder; those that are no part of a variant are left out
 * @throws StudioError `bad-model` when a graph is damaged or something named is not there
 */
export async function buildManifest(
	id: string,
	card: ModelCard,
	all: readonly RepositoryFile[],
	sha256: Sha256
): Promise<Manifest> {
	const files = [...all].sort((a, b) => (a.path < b.path ? -1 : 1));
	const texts = files.filter(({ path }) => fileKind(path) === 'text').map(({ path }) => path);
	const external = externalStretches(files);
	const variants = variantsOf(card, files).map(({ name, graphs }) =>
		variantOf(name, graphs, texts, files, external)
	);
	const used = new Set(variants.flatMap((variant) => variant.files));
	const listed: ManifestFile[] = [];
	for (const file of files) {
		if (used.has(file.path)) listed.push(await describeFile(file, external, sha256));
	}
	const { title, task, description, licence, defaults } = card;
	checkDefaults(id, card, variants);
	return {
		schema: 1,
		...{ id, title, task, description, licence, defaults, variants },
		files: listed
	};
}

/** The stretches of external data by file and by the graph that refers to them. */
type External = ReadonlyMap<string, readonly (Stretch & { readonly graph: string })[]>;

function externalStretches(files: readonly RepositoryFile[]): External {
	const stretches = new Map<string, (Stretch & { graph: string })[]>();
	for (const { path, bytes } of files) {
		if (fileKind(path) !== 'graph') continue;
		const folder = path.split('/').slice(0, -1);
		for (const { data } of decodeGraph(bytes).initializers.values()) {
			if (data.kind !== 'external') continue;
			const target = [...folder, data.location].join('/');
			const list = stretches.get(target) ?? [];
			list.push({ graph: path, offset: data.offset, size: data.length ?? 0 });
			stretches.set(target, list);
		}
	}
	return stretches;
}

function variantsOf(
	card: ModelCard,
	files: readonly RepositoryFile[]
): { readonly name: string; readonly graphs: readonly string[] }[] {
	if (card.variants) {
		return Object.entries(card.variants).map(([name, graphs]) => ({ name, graphs }));
	}
	const found = variantFiles(files.map(({ path }) => path));
	return found.map(({ name, path }) => ({ name, graphs: [path] }));
}

function variantOf(
	name: string,
	graphs: readonly string[],
	texts: readonly string[],
	files: readonly RepositoryFile[],
	external: External
): ManifestVariant {
	const data = [...external].flatMap(([path, stretches]) =>
		stretches.some(({ graph }) => graphs.includes(graph)) ? [path] : []
	);
	const paths = [...texts, ...graphs, ...data];
	const bytes = paths.reduce((sum, path) => sum + sizeOf(files, path), 0);
	return { name, file: graphs[0] ?? '', files: paths, bytes };
}

function sizeOf(files: readonly RepositoryFile[], path: string): number {
	const file = files.find((candidate) => candidate.path === path);
	if (file) return file.bytes.length;
	throw new StudioError(
		'bad-model',
		`"${path}" is part of a variant but not in the folder.`,
		'Add the file, or take it out of vitrine.json.'
	);
}

async function describeFile(
	{ path, bytes }: RepositoryFile,
	external: External,
	sha256: Sha256
): Promise<ManifestFile> {
	const chunks = await hashChunks(bytes, layoutOf(path, bytes, external), sha256);
	return { path, size: bytes.length, sha256: await sha256(bytes), chunks };
}

function layoutOf(path: string, bytes: Uint8Array, external: External): Stretch[] {
	if (fileKind(path) === 'graph') return graphLayout(bytes);
	const stretches = external.get(path);
	return stretches ? layoutAround(stretches, bytes.length) : cut({ offset: 0, size: bytes.length });
}

function checkDefaults(id: string, card: ModelCard, variants: readonly ManifestVariant[]): void {
	const names = variants.map(({ name }) => name);
	for (const [device, name] of Object.entries(card.defaults)) {
		if (names.includes(name)) continue;
		throw new StudioError(
			'bad-model',
			`vitrine.json of ${id} wants "${name}" on ${device}, but the folder has: ${names.join(', ') || 'no variant'}.`,
			'Add the graph, or name another default.'
		);
	}
}
