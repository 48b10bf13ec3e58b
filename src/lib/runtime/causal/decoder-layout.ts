import { StudioError } from '../../core/errors.ts';
import type { TensorSpec } from '../../core/model.ts';
import type { DataType } from '../../core/tensor.ts';
import type { GraphScan } from '../scan-graph.ts';
import type { DecoderConfig } from './decoder-config.ts';

/** One tensor of the key–value cache: `[1, heads, positions, headDim]` going in and coming out. */
export interface CacheSlot {
	readonly past: string;
	readonly present: string;
	readonly type: DataType;
	readonly heads: number;
	readonly headDim: number;
}

/** How a decoder export is to be fed. */
export interface DecoderLayout {
	readonly inputIds: TensorSpec;
	readonly attentionMask: TensorSpec | undefined;
	readonly positionIds: TensorSpec | undefined;
	/** A scalar input that limits the logits to the last positions. */
	readonly logitsToKeep: TensorSpec | undefined;
	/** A flag of merged exports: whether the cache inputs hold anything. */
	readonly useCacheBranch: TensorSpec | undefined;
	readonly logits: TensorSpec;
	readonly vocabSize: number;
	/** Empty when the export has no cache. */
	readonly cache: readonly CacheSlot[];
	/** Whether every cache tensor goes through GroupQueryAttention and nothing else. */
	readonly inPlace: boolean;
}

const PAST = /^past/;
const KNOWN = [
	'input_ids',
	'attention_mask',
	'position_ids',
	'num_logits_to_keep',
	'logits_to_keep',
	'use_cache_branch'
];

function notADecoder(file: string, what: string): StudioError {
	return new StudioError(
		'bad-model',
		`${file} is not a decoder this engine can run: ${what}.`,
		'Take an export of a causal language model (task text-generation, with past) as onnx-community makes them.'
	);
}

/** The output that returns the cache of `past`, by the names exporters use. */
function presentOf(past: string, outputs: ReadonlySet<string>): string | undefined {
	const candidates = [
		past.replace(/^past_key_values/, 'present'),
		past.replace(/^past_key_values/, 'present_key_values'),
		past.replace(/^past/, 'present'),
		past.replace(/^past_(key|value)_/, 'present_$1_')
	];
	return candidates.find((name) => name !== past && outputs.has(name));
}

function cacheSlot(
	file: string,
	spec: TensorSpec,
	outputs: ReadonlySet<string>,
	config: DecoderConfig
): CacheSlot {
	const present = presentOf(spec.name, outputs);
	if (present === undefined) throw notADecoder(file, `${spec.name} has no matching present output`);
	if (spec.dims.length !== 4) {
		throw notADecoder(
			file,
			`${spec.name} should have the shape [batch, heads, positions, head size], it is [${spec.dims.join(', ')}]`
		);
	}
	const heads = typeof spec.dims[1] === 'number' ? spec.dims[1] : config.keyValueHeads;
	const headDim = typeof spec.dims[3] === 'number' ? spec.dims[3] : config.headDim;
	if (heads === undefined || headDim === undefined || !Number.isInteger(headDim)) {
		throw notADecoder(file, `neither ${spec.name} nor config.json tells heads and head size`);
	}
	return { past: spec.name, present, type: spec.type, heads, headDim };
}

/**
 * Whether all cache tensors are read and written by GroupQueryAttention alone. That operator takes
 * the number of valid positions apart from the buffers' size, so one buffer can be both past and
 * present. (ONNX Runtime contrib operators: past_key, past_value are inputs 3 and 4; present_key,
 * present_value outputs 1 and 2.)
 */
function cacheIsInPlace(scan: GraphScan, cache: readonly CacheSlot[]): boolean {
	const presentOfPast = new Map(cache.map(({ past, present }) => [past, present]));
	let matched = 0;
	for (const node of scan.nodes) {
		for (const [index, input] of node.inputs.entries()) {
			const present = presentOfPast.get(input);
			if (present === undefined) continue;
			const fits = index === 3 || index === 4;
			if (node.operator !== 'GroupQueryAttention' || !fits) return false;
			if (node.outputs[index - 2] !== present) return false;
			matched++;
		}
	}
	return cache.length > 0 && matched === cache.length;
}

/**
 * Works out how a decoder export in Hugging Face layout is fed: with or without positions, with a
 * cache of any naming, fp16 or fp32, fused or not.
 * @throws StudioError `bad-model` naming what is missing or not understood
 */
export function readDecoderLayout(
	file: string,
	inputs: readonly TensorSpec[],
	outputs: readonly TensorSpec[],
	scan: GraphScan,
	config: DecoderConfig
): DecoderLayout {
	const input = (name: string) => inputs.find((spec) => spec.name === name);
	const inputIds = input('input_ids');
	const logits = outputs.find(({ name }) => name === 'logits');
	if (inputIds === undefined) throw notADecoder(file, 'it has no input input_ids');
	if (logits === undefined) throw notADecoder(file, 'it has no output logits');
	const pasts = inputs.filter(({ name }) => PAST.test(name));
	const strangers = inputs.filter((spec) => !KNOWN.includes(spec.name) && !pasts.includes(spec));
	if (strangers.length > 0) {
		throw notADecoder(file, `it asks for ${strangers.map(({ name }) => name).join(', ')}`);
	}
	const outputNames = new Set(outputs.map(({ name }) => name));
	const cache = pasts.map((spec) => cacheSlot(file, spec, outputNames, config));
	const last = logits.dims[logits.dims.length - 1];
	const vocabSize = typeof last === 'number' && last > 0 ? last : config.vocabSize;
	if (vocabSize === undefined) throw notADecoder(file, 'nothing tells the size of its vocabulary');
	return {
		inputIds,
		attentionMask: input('attention_mask'),
		positionIds: input('position_ids'),
		logitsToKeep: input('num_logits_to_keep') ?? input('logits_to_keep'),
		useCacheBranch: input('use_cache_branch'),
		logits,
		vocabSize,
		cache,
		inPlace: cacheIsInPlace(scan, cache)
	};
}
