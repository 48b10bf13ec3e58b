import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StudioError } from '#lib/core/errors.ts';
import type { ModelFiles } from '#lib/runtime/backend.ts';
import { scanGraph } from '#lib/runtime/scan-graph.ts';

/**
 * Reads an ONNX file and the weight files beside it.
 * @throws StudioError `not-found`, `bad-model` for a damaged graph or a missing weight file
 */
export async function openGraph(path: string): Promise<ModelFiles> {
	const name = basename(path);
	const graph = await bytesOf(path, name);
	const externalData = await Promise.all(
		[...scanGraph(name, graph).externalFiles].map(async (file) => ({
			path: file,
			data: await bytesOf(join(dirname(path), file), file)
		}))
	);
	return { name, graph, externalData };
}

/** The graph alone: what `inspect` needs of a model of any size. */
export async function readGraph(path: string): Promise<Uint8Array<ArrayBuffer>> {
	return bytesOf(path, basename(path));
}

async function bytesOf(path: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
	try {
		return new Uint8Array(await readFile(path));
	} catch (cause) {
		throw new StudioError(
			'not-found',
			`${name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
			'Name an ONNX file; weights that it keeps outside must lie beside it.',
			{ cause }
		);
	}
}
