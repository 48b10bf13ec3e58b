import type { LocalFile, ModelTask } from '../core/catalogue.ts';
import { StudioError } from '../core/errors.ts';
import { fileKind } from './file-kind.ts';
import type { IndexEntry, ManifestVariant } from './manifest.ts';
import { sha256OfText } from './sha256.ts';
import { variantFiles } from './variant-name.ts';

/** A folder from disk, found to have the files of a model; their graphs are not yet read. */
export interface FolderModel {
	readonly entry: Omit<IndexEntry, 'defaults' | 'variants'>;
	readonly variants: readonly ManifestVariant[];
	/** Paths are relative to where config.json lies. */
	readonly files: readonly LocalFile[];
}

/** What we read of a config.json. */
interface Config {
	readonly architectures?: unknown;
	readonly model_type?: unknown;
	readonly vocab_size?: unknown;
}

/**
 * Finds the model in a folder and checks its small files.
 * @param name what the person calls it
 * @throws StudioError `bad-model` naming the file that is missing or damaged and what to do
 */
export async function inspectFolder(name: string, all: readonly LocalFile[]): Promise<FolderModel> {
	const files = fromConfig(all).filter(({ path }) => fileKind(path) !== 'other');
	const config = await checkTexts(files);
	const texts = files.filter(({ path }) => fileKind(path) === 'text').map(({ path }) => path);
	const task = taskOf(config, texts);
	if (task === 'text-generation' && !texts.includes('tokenizer.json')) {
		throw missing(
			'tokenizer.json',
			'A language model needs its tokenizer',
			'Add tokenizer.json (saved by the tokenizer of the same model) beside config.json.'
		);
	}
	const variants = variantFiles(files.map(({ path }) => path));
	if (variants.length === 0) throw noGraph(all);
	const title = name.trim() || 'Model from disk';
	return {
		entry: {
			id: idOf(title),
			title,
			task,
			description: `Opened from disk${describe(config)}.`,
			licence: await licenceOf(files)
		},
		variants: variants.map(({ name, path }) => ({
			name,
			file: path,
			files: [...texts, path],
			bytes: sizeOf(files, [...texts, path])
		})),
		files
	};
}

/** Drops the folder's own name, and anything outside the folder that config.json lies in. */
function fromConfig(files: readonly LocalFile[]): LocalFile[] {
	const clean = files.map(({ path, blob }) => ({ path: path.replace(/^\.?\//, ''), blob }));
	const configs = clean.filter(({ path }) => /(^|\/)config\.json$/.test(path));
	const config = configs.sort((a, b) => depth(a.path) - depth(b.path))[0];
	if (!config) {
		throw missing(
			'config.json',
			'The folder is not a model in Hugging Face layout',
			'Choose the folder that holds config.json, tokenizer.json and onnx/.'
		);
	}
	const root = config.path.slice(0, -'config.json'.length);
	return clean
		.filter(({ path }) => path.startsWith(root))
		.map(({ path, blob }) => ({ path: path.slice(root.length), blob }));
}

function depth(path: string): number {
	return path.split('/').length;
}

/** Parses every JSON file at the top and returns config.json. */
async function checkTexts(files: readonly LocalFile[]): Promise<Config> {
	let config: Config = {};
	for (const { path, blob } of files) {
		if (!path.endsWith('.json') || path.includes('/')) continue;
		const json = await parseJson(path, blob);
		if (path === 'config.json') config = json as Config;
		if (path === 'tokenizer.json' && typeof (json as { model?: unknown }).model !== 'object') {
			throw new StudioError(
				'bad-model',
				'"tokenizer.json" describes no tokenizer: it has no "model".',
				'Save the tokenizer again in the format of the tokenizers library, or download the file again.'
			);
		}
	}
	return config;
}

async function parseJson(path: string, blob: Blob): Promise<object> {
	let json: unknown;
	try {
		json = JSON.parse(await blob.text());
	} catch (cause) {
		throw new StudioError(
			'bad-model',
			`"${path}" is not readable JSON (${blob.size} bytes): ${cause instanceof Error ? cause.message : 'unknown'}.`,
			`Download or save "${path}" again; it may be cut short.`,
			{ cause }
		);
	}
	if (typeof json === 'object' && json !== null) return json;
	throw new StudioError(
		'bad-model',
		`"${path}" should hold a JSON object, but holds ${JSON.stringify(json).slice(0, 40)}.`,
		`Download or save "${path}" again.`
	);
}

/** Architectures of language models end in ForCausalLM or LMHeadModel (transformers' naming). */
function taskOf(config: Config, texts: readonly string[]): ModelTask {
	const architectures = Array.isArray(config.architectures) ? config.architectures : [];
	const named = architectures.some((name) => /ForCausalLM$|LMHeadModel$/.test(String(name)));
	const language = typeof config.vocab_size === 'number' || texts.includes('tokenizer.json');
	return named || language ? 'text-generation' : 'other';
}

function describe({ model_type: type }: Config): string {
	return typeof type === 'string' ? ` (${type})` : '';
}

/** The licence in a model card's front matter. */
async function licenceOf(files: readonly LocalFile[]): Promise<string> {
	const card = files.find(({ path }) => path === 'README.md');
	const text = card ? await card.blob.slice(0, 4096).text() : '';
	const front = /^---\n([\s\S]*?)\n---/.exec(text)?.[1] ?? '';
	return /^license:\s*["']?([^"'\n]+)/m.exec(front)?.[1]?.trim() ?? 'not stated';
}

function sizeOf(files: readonly LocalFile[], paths: readonly string[]): number {
	const sizes = files.map(({ path, blob }) => (paths.includes(path) ? blob.size : 0));
	return sizes.reduce((sum, size) => sum + size, 0);
}

/** `disk-<name>`; names that a plain id cannot hold get part of their hash, so none collide. */
function idOf(title: string): string {
	const slug = title
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-+|-+$/g, '');
	return slug === title ? `disk-${slug}` : `disk-${slug}-${sha256OfText(title).slice(0, 8)}`;
}

function noGraph(files: readonly LocalFile[]): StudioError {
	const paths = files.map(({ path }) => path);
	const other = paths.filter((path) => path.endsWith('.onnx'));
	const torch = paths.find((path) => /\.(safetensors|gguf|pt|pth)$|pytorch_model\.bin$/.test(path));
	const found = other.length > 0 ? ` Found only: ${other.slice(0, 3).join(', ')}.` : '';
	return missing(
		'onnx/model.onnx',
		'The folder has no graph that can be run',
		torch
			? `It holds "${torch}", which must be exported first: optimum-cli export onnx writes the onnx folder.`
			: `Add onnx/model.onnx or a quantised form such as onnx/model_quantized.onnx.${found}`
	);
}

function missing(path: string, why: string, hint: string): StudioError {
	return new StudioError('bad-model', `${why}: "${path}" is missing.`, hint);
}
