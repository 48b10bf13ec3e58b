/** onnxruntime-web on WebAssembly in Node: the engine of the conformance suite. */
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-web/wasm';
import type { CpuTensor, DataOf, DataType } from '#lib/core/tensor.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const dist = new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url);
ort.env.wasm.wasmPaths = fileURLToPath(dist);

export type CpuFeeds = Record<string, CpuTensor>;

export interface OrtSession {
	readonly session: ort.InferenceSession;
	run(feeds: CpuFeeds, want?: readonly string[]): Promise<CpuFeeds>;
	release(): Promise<void>;
}

/**
 * Builds a session.
 * @param optimise false keeps the graph as it is, to find faults of ours rather than of fusions
 */
export async function createOrtSession(
	bytes: Uint8Array,
	externalData: readonly { path: string; data: Uint8Array }[] = [],
	options: ort.InferenceSession.SessionOptions = {}
): Promise<OrtSession> {
	const session = await ort.InferenceSession.create(bytes, {
		executionProviders: ['wasm'],
		...(externalData.length > 0 ? { externalData } : {}),
		...options
	});
	return {
		session,
		async run(feeds, want) {
			const inputs: Record<string, ort.Tensor> = {};
			for (const [name, { type, data, dims }] of Object.entries(feeds)) {
				inputs[name] = new ort.Tensor(type as 'float32', data as Float32Array, dims);
			}
			const outputs = await session.run(inputs, want ? [...want] : [...session.outputNames]);
			const result: CpuFeeds = {};
			for (const [name, value] of Object.entries(outputs)) {
				const type = value.type as DataType;
				const data = value.data as DataOf[DataType];
				result[name] = { location: 'cpu', type, dims: value.dims, data };
			}
			return result;
		},
		release: () => session.release()
	};
}
