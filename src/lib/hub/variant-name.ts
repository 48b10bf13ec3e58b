import type { DeviceClass } from './manifest.ts';

/**
 * Suffixes of ONNX files and the names of the weight formats they stand for, as transformers.js
 * defines them (its `DEFAULT_DTYPE_SUFFIX_MAPPING`), with the plain name for `_quantized`.
 */
const SUFFIXES: Readonly<Record<string, string>> = {
	'': 'fp32',
	_fp16: 'fp16',
	_quantized: 'int8',
	_int8: 'int8-static',
	_uint8: 'uint8',
	_q4: 'q4',
	_q4f16: 'q4f16',
	_bnb4: 'bnb4',
	_q2: 'q2',
	_q2f16: 'q2f16',
	_q1: 'q1',
	_q1f16: 'q1f16'
};

/** File stems of the graphs that can be a language model's decoder. */
const STEMS = ['model', 'decoder_model_merged'] as const;

/** Which formats run well where, best first; the first that exists is the default. */
const PREFERENCE: Readonly<Record<Exclude<DeviceClass, 'lowMemory'>, readonly string[]>> = {
	// 4-bit kernels are slow on WASM (each product unpacks its whole matrix), int8 ones are fast.
	wasm: ['int8', 'int8-static', 'uint8', 'fp32', 'q4', 'bnb4', 'fp16'],
	// fp16 forms need shader-f16, which not every adapter has.
	webgpu: ['q4', 'int8', 'fp32', 'q4f16', 'fp16']
};

/** A graph file as a variant: its format's name and its stem. */
export interface VariantFile {
	readonly name: string;
	readonly path: string;
}

/**
 * The variants among the paths of a repository, in alphabetical order of their files. Graphs lie
 * in `onnx/` or, in older repositories, beside config.json; `onnx/` wins.
 */
export function variantFiles(paths: readonly string[]): VariantFile[] {
	for (const stem of STEMS) {
		for (const folder of ['onnx/', '']) {
			const found = paths.flatMap((path) => {
				const name = variantName(path, folder + stem);
				return name === undefined ? [] : [{ name, path }];
			});
			if (found.length > 0) return found.sort((a, b) => (a.path < b.path ? -1 : 1));
		}
	}
	return [];
}

function variantName(path: string, stem: string): string | undefined {
	if (!path.startsWith(stem) || !path.endsWith('.onnx')) return undefined;
	return SUFFIXES[path.slice(stem.length, -'.onnx'.length)];
}

/** The default variant of each kind of machine where no one has measured. */
export function chooseDefaults(
	variants: readonly { readonly name: string; readonly bytes: number }[]
): Record<DeviceClass, string> {
	const smallest = variants.reduce((a, b) => (b.bytes < a.bytes ? b : a), variants[0] ?? NOTHING);
	const best = (order: readonly string[]): string =>
		order.find((name) => variants.some((variant) => variant.name === name)) ?? smallest.name;
	return {
		wasm: best(PREFERENCE.wasm),
		webgpu: best(PREFERENCE.webgpu),
		lowMemory: smallest.name
	};
}

const NOTHING = { name: '', bytes: 0 };
