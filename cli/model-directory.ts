import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { StudioError } from '#lib/core/errors.ts';
import { chooseDefaults, variantFiles, type VariantFile } from '#lib/hub/variant-name.ts';
import type { DecoderSource } from '#lib/runtime/causal/create-causal-session.ts';
import { scanGraph } from '#lib/runtime/scan-graph.ts';
import { parseObject } from '#lib/text/json.ts';
import { TOKENIZER_FILES, type TokenizerFiles } from '#lib/text/tokenizer-files.ts';

/** A language model in Hugging Face layout, read from a directory. */
export interface ModelDirectory {
	readonly variant: string;
	readonly tokenizer: TokenizerFiles;
	readonly source: DecoderSource;
}

/**
 * Reads a model directory: tokenizer files, configuration, the graph of one variant and the weights
 * beside it.
 * @param variant name of the weight format (`fp32`, `int8`, `q4`, …); the best for WASM when absent
 * @throws StudioError `not-found` for a missing directory or variant, `bad-model` for missing or
 *   damaged files
 */
export async function readModelDirectory(
	directory: string,
	variant?: string
): Promise<ModelDirectory> {
	const paths = await listFiles(directory);
	const chosen = await chooseVariant(directory, paths, variant);
	const config = await readText(directory, 'config.json');
	if (config === undefined) {
		throw new StudioError(
			'bad-model',
			`${directory} has no config.json.`,
			'Name the directory that holds config.json, tokenizer.json and onnx/.'
		);
	}
	const tokenizer: TokenizerFiles = Object.fromEntries(
		await Promise.all(
			TOKENIZER_FILES.map(async (name) => [name, await readText(directory, name)] as const)
		)
	);
	const graph = await readBytes(directory, chosen.path);
	const { externalFiles } = scanGraph(chosen.path, graph);
	const folder = dirname(chosen.path);
	const present = [...externalFiles].filter((path) =>
		paths.includes(normalize(join(folder, path)))
	);
	const externalData = await Promise.all(
		present.map(async (path) => ({ path, data: await readBytes(directory, join(folder, path)) }))
	);
	return {
		variant: chosen.name,
		tokenizer,
		source: { name: chosen.path, graph, externalData, config: parseObject('config.json', config) }
	};
}

async function listFiles(directory: string): Promise<string[]> {
	const kind = await stat(directory).catch(() => undefined);
	if (!kind?.isDirectory()) {
		throw new StudioError(
			'not-found',
			kind ? `${directory} is a file, not a directory.` : `There is no directory ${directory}.`,
			'Name a directory in Hugging Face layout, for example static/models/storyteller.'
		);
	}
	const below = async (folder: string): Promise<string[]> =>
		(await readdir(join(directory, folder)).catch(() => [])).map((name) => join(folder, name));
	return [...(await below('')), ...(await below('onnx'))];
}

async function chooseVariant(
	directory: string,
	paths: readonly string[],
	wanted: string | undefined
): Promise<VariantFile> {
	const variants = variantFiles(paths);
	if (variants.length === 0) {
		throw new StudioError(
			'bad-model',
			`${directory} holds no ONNX decoder: there is no onnx/model.onnx or a form of it.`,
			'Export the model with past, for example with optimum-cli export onnx --task text-generation-with-past.'
		);
	}
	const sized = await Promise.all(
		variants.map(async (variant) => ({
			...variant,
			bytes: (await stat(join(directory, variant.path))).size
		}))
	);
	const name = wanted ?? (await measuredDefault(directory)) ?? chooseDefaults(sized).wasm;
	const chosen = variants.find((variant) => variant.name === name);
	if (chosen) return chosen;
	throw new StudioError(
		'not-found',
		`${directory} has no variant "${name}", but ${variants.map((variant) => variant.name).join(', ')}.`,
		'Name one of these with --variant, or leave it out.'
	);
}

/** The default that the model's own manifest.json states for WASM, where it has one. */
async function measuredDefault(directory: string): Promise<string | undefined> {
	const text = await readText(directory, 'manifest.json');
	if (text === undefined) return undefined;
	const { defaults } = parseObject('manifest.json', text);
	const wasm = (defaults as { wasm?: unknown } | undefined)?.wasm;
	return typeof wasm === 'string' ? wasm : undefined;
}

async function readText(directory: string, name: string): Promise<string | undefined> {
	try {
		return await readFile(join(directory, name), 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw unreadable(name, error);
	}
}

async function readBytes(directory: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
	try {
		return new Uint8Array(await readFile(join(directory, name)));
	} catch (error) {
		throw unreadable(name, error);
	}
}

function unreadable(name: string, cause: unknown): StudioError {
	return new StudioError(
		'bad-model',
		`${name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
		'Check that the file is there and that you may read it.',
		{ cause }
	);
}
