import type { ModelTask } from '../core/catalogue.ts';
import { StudioError } from '../core/errors.ts';
import type { InstalledVariant } from '../store/records.ts';
import type { WeightStore } from '../store/studio-store.ts';
import { blobBytes, readContents } from './content.ts';

/** A weight file of a skeleton, as onnxruntime's `externalData` takes it. */
export interface ExternalWeight {
	/** The location that the skeleton names: the SHA-256 of the bytes. */
	readonly path: string;
	readonly data: Blob;
	/** Size in bytes. */
	readonly bytes: number;
}

/** One graph ready for a session: a small ONNX file and the weights that it refers to. */
export interface OpenedGraph {
	/** Path of the ONNX file in the repository. */
	readonly path: string;
	readonly skeleton: Uint8Array<ArrayBuffer>;
	readonly externalData: readonly ExternalWeight[];
}

/** An installed variant, opened. Weights are Blobs: nothing is read before it is needed. */
export interface OpenedModel {
	readonly id: string;
	readonly title: string;
	readonly variant: string;
	readonly task: ModelTask;
	/** SHA-256 over skeletons and weights: keys derived graphs and caches. */
	readonly identity: string;
	/** Text files by path: config.json, tokenizer.json, … */
	readonly texts: Readonly<Record<string, string>>;
	/** The graph that gives the variant its name. */
	readonly graph: OpenedGraph;
	/** All graphs of the variant by path (one, for a language model). */
	readonly graphs: Readonly<Record<string, OpenedGraph>>;
}

/**
 * Opens an installed variant. Checks that every chunk is there and has its size; hashes are checked
 * when a chunk is written and by `verify`, not here.
 * @throws StudioError `not-found` when it is not installed, `verification` when parts are missing
 */
export async function openModel(
	store: WeightStore,
	id: string,
	variant: string
): Promise<OpenedModel> {
	const record = await store.find(id, variant);
	if (!record) throw notInstalled(id, variant);
	const what = `${record.title} (${variant})`;
	const texts = await openTexts(store, record, what);
	const graphs: Record<string, OpenedGraph> = {};
	for (const { path, skeleton, weights } of record.graphs) {
		const [graph, ...blobs] = await readContents(store, [skeleton, ...weights], what);
		const externalData = weights.map(({ sha256, size }, i) => ({
			path: sha256,
			data: blobs[i] ?? new Blob(),
			bytes: size
		}));
		graphs[path] = { path, skeleton: await blobBytes(graph ?? new Blob(), what), externalData };
	}
	const graph = graphs[record.file];
	if (!graph) throw notInstalled(id, variant);
	const { title, task, identity } = record;
	return { id, title, variant, task, identity, texts, graph, graphs };
}

async function openTexts(
	store: WeightStore,
	record: InstalledVariant,
	what: string
): Promise<Record<string, string>> {
	const blobs = await readContents(store, record.files, what);
	const decoder = new TextDecoder();
	const texts: Record<string, string> = {};
	for (const [i, { path }] of record.files.entries()) {
		texts[path] = decoder.decode(await blobBytes(blobs[i] ?? new Blob(), what));
	}
	return texts;
}

function notInstalled(id: string, variant: string): StudioError {
	return new StudioError(
		'not-found',
		`${id} (${variant}) is not installed in this browser.`,
		'Choose "Make available offline" on the Models page, or use it while online.'
	);
}
