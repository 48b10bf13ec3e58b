import { createCausalSession } from '#lib/runtime/causal/create-causal-session.ts';
import type { CausalOptions } from '#lib/runtime/causal/create-causal-session.ts';
import type { DecoderSession } from '#lib/runtime/causal/decoder-session.ts';
import type { Backend } from '#lib/runtime/backend.ts';
import { scanGraph } from '#lib/runtime/scan-graph.ts';

/** Reads a file of `tests/fixtures/decoders` by its path below that folder. */
export type FetchBytes = (path: string) => Promise<Uint8Array<ArrayBuffer>>;

/** PyTorch's answer to one prompt, from a fixture's `expected.json`. */
interface Expected {
	readonly text: string;
	readonly inputIds: readonly number[];
	readonly greedyIds: readonly number[];
	readonly lastLogits: readonly number[];
}

export interface ConformanceResult {
	/** Fixture, graph file, cache, and prompt length. */
	readonly label: string;
	/** What went wrong, one sentence each; empty when the decoder conforms. */
	readonly problems: readonly string[];
	/** Why it was not run, where the device cannot. */
	readonly skipped?: string;
	/** Largest difference to PyTorch's logits. */
	readonly worstLogit: number;
}

export interface ConformanceOptions {
	/** Greedy tokens to compare; all 32 when absent. Software GPUs are slow. */
	readonly tokens?: number;
	/** Prompts to run, shortest first; all three when absent. */
	readonly prompts?: number;
	/** Longest text of the cache checks, which read every token alone; the whole prompt when absent. */
	readonly cacheTokens?: number;
	/** Variants to run, by file name; all that the provider can run when absent. */
	readonly files?: readonly string[];
}

/** Largest accepted difference of a logit from PyTorch's; logits are of size 1 to 10. */
const TOLERANCE: Readonly<Record<string, number>> = {
	'onnx/model.onnx': 1e-3,
	'onnx/model_fp16.onnx': 0.1,
	'onnx/model_q4.onnx': 2e-3
};

/**
 * How much wider the bounds are on WebGPU: WGSL promises sine and cosine, which unfused rotary
 * embeddings compute in the graph, to 2⁻¹¹ only.
 */
const WEBGPU_SLACK = 5;

/** Largest accepted difference between two ways through our own cache. */
const SELF_TOLERANCE = 1e-3;

const decoder = new TextDecoder();

function argmax(values: Float32Array): number {
	let best = 0;
	values.forEach((value, i) => {
		if (value > (values[best] ?? -Infinity)) best = i;
	});
	return best;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
	if (a.length !== b.length) return Infinity;
	let worst = 0;
	for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
	// NaN would slip through a comparison.
	return Number.isNaN(worst) ? Infinity : worst;
}

/** Opens a fixture's graph with whatever files it keeps its weights in. */
export async function openDecoder(
	backend: Backend,
	fetchBytes: FetchBytes,
	fixture: string,
	file: string,
	options: CausalOptions = {}
): Promise<DecoderSession> {
	const graph = await fetchBytes(`${fixture}/${file}`);
	const paths = [...scanGraph(file, graph).externalFiles];
	const externalData = await Promise.all(
		paths.map(async (path) => ({ path, data: await fetchBytes(`${fixture}/onnx/${path}`) }))
	);
	const config: unknown = JSON.parse(decoder.decode(await fetchBytes(`${fixture}/config.json`)));
	return createCausalSession(backend, { name: file, graph, externalData, config }, options);
}

/** Greedy ids equal PyTorch's, and so do the logits at the prompt's end. */
async function checkGreedy(
	session: DecoderSession,
	expected: Expected,
	tokens: number,
	tolerance: number
): Promise<{ problems: string[]; worst: number }> {
	const problems: string[] = [];
	session.truncate(0);
	let logits = await session.forward(expected.inputIds);
	const worst = largestDifference(logits, expected.lastLogits);
	if (!(worst <= tolerance)) problems.push(`the prompt's logits differ by ${worst}`);
	for (let i = 0; i < tokens; i++) {
		const id = argmax(logits);
		if (id !== expected.greedyIds[i]) {
			problems.push(`greedy id ${i} is ${id}, PyTorch's is ${expected.greedyIds[i]}`);
			break;
		}
		if (i + 1 < tokens) logits = await session.forward([id]);
	}
	return { problems, worst };
}

/** Whole prefill, prefill with all rows, token by token, and truncate-and-refeed give equal logits. */
async function checkCache(
	session: DecoderSession,
	ids: readonly number[],
	tolerance: number
): Promise<string[]> {
	const problems: string[] = [];
	const compare = (what: string, a: ArrayLike<number>, b: ArrayLike<number>) => {
		const difference = largestDifference(a, b);
		if (!(difference <= tolerance)) problems.push(`${what}: logits differ by ${difference}`);
	};
	const { vocabSize } = session;
	session.truncate(0);
	const rows = await session.forward(ids, { logitsFor: ids.length });
	const last = rows.slice(-vocabSize);
	const middle = Math.ceil(ids.length / 2);
	session.truncate(middle);
	if (session.length !== middle) problems.push(`length after truncation is ${session.length}`);
	const refed = await session.forward(ids.slice(middle));
	compare('truncated to the middle and fed again', refed, last);
	session.truncate(0);
	compare('truncated to nothing and fed again', await session.forward(ids), last);
	session.truncate(0);
	for (const [i, id] of ids.entries()) {
		const row = rows.subarray(i * vocabSize, (i + 1) * vocabSize);
		compare(`token ${i} alone`, await session.forward([id]), row);
	}
	return problems;
}

/** Runs all checks of one graph file of one fixture on every cache that it can use. */
export async function checkDecoder(
	backend: Backend,
	fetchBytes: FetchBytes,
	fixture: string,
	file: string,
	prompts: readonly Expected[],
	options: ConformanceOptions = {}
): Promise<ConformanceResult[]> {
	const results: ConformanceResult[] = [];
	const fused = /GroupQueryAttention/.test(decoder.decode(await fetchBytes(`${fixture}/${file}`)));
	const kinds = fused ? (['in-place', 'growing'] as const) : (['growing'] as const);
	for (const kind of kinds) {
		// A small first capacity makes the in-place cache grow on the way.
		const session = await openDecoder(backend, fetchBytes, fixture, file, {
			...(kind === kinds[0] ? {} : { caches: [kind] }),
			capacity: 20
		});
		const wrongKind =
			session.cacheKind === kind ? [] : [`the cache is ${session.cacheKind}, not ${kind}`];
		const shortestFirst = [...prompts].sort((a, b) => a.inputIds.length - b.inputIds.length);
		for (const prompt of shortestFirst.slice(0, options.prompts)) {
			const slack = backend.provider === 'webgpu' ? WEBGPU_SLACK : 1;
			const tolerance = slack * (TOLERANCE[file] ?? 1e-3);
			const count = Math.min(options.tokens ?? Infinity, prompt.greedyIds.length);
			const { problems, worst } = await checkGreedy(session, prompt, count, tolerance);
			const own = await checkCache(
				session,
				prompt.inputIds.slice(0, options.cacheTokens),
				Math.max(SELF_TOLERANCE, tolerance)
			);
			const place = backend.provider === 'webgpu' ? 'gpu' : 'heap';
			if (session.cacheLocation !== place) own.push(`the cache lies in ${session.cacheLocation}`);
			results.push({
				label: `${fixture}/${file}, ${kind} cache, prompt of ${prompt.inputIds.length}`,
				problems: [...wrongKind, ...problems, ...own],
				worstLogit: worst
			});
		}
		await session.dispose();
	}
	return results;
}

/** {@link checkDecoder}, or why it cannot run here, or what it threw. */
async function checkFile(
	...job: Parameters<typeof checkDecoder>
): Promise<readonly ConformanceResult[]> {
	const [backend, , fixture, file] = job;
	const label = `${fixture}/${file}`;
	const { provider, report } = backend;
	if (file.includes('fp16') && provider === 'webgpu' && !report.features.includes('shader-f16')) {
		return [{ label, problems: [], skipped: 'the GPU has no shader-f16', worstLogit: 0 }];
	}
	try {
		return await checkDecoder(...job);
	} catch (error) {
		return [{ label, problems: [String(error)], worstLogit: Infinity }];
	}
}

/**
 * The conformance suite for decoders: every fixture named gives PyTorch's greedy ids on this backend,
 * and every way through the cache gives the same logits. Runs in Node and in browsers.
 */
export async function decoderConformance(
	backend: Backend,
	fetchBytes: FetchBytes,
	fixtures: readonly string[],
	options: ConformanceOptions = {}
): Promise<ConformanceResult[]> {
	const results: ConformanceResult[] = [];
	for (const fixture of fixtures) {
		const json = decoder.decode(await fetchBytes(`${fixture}/expected.json`));
		const expected = JSON.parse(json) as { files: Record<string, Expected[]> };
		for (const [file, prompts] of Object.entries(expected.files)) {
			if (options.files !== undefined && !options.files.includes(file)) continue;
			results.push(...(await checkFile(backend, fetchBytes, fixture, file, prompts, options)));
		}
	}
	return results;
}
