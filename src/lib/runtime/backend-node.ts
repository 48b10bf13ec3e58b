import factory from 'onnxruntime-web/ort-wasm-simd-threaded.mjs';
import os from 'node:os';
import type { Backend } from './backend.ts';
import { WasmBackend } from './wasm/wasm-backend.ts';
import { startOrt } from './wasm/ort-module.ts';

/**
 * The WASM provider in Node: the same module and kernels as in a browser, for the command line and
 * tests. Threads default to one, which keeps results identical from machine to machine.
 */
export async function createNodeBackend(threads = 1): Promise<Backend> {
	const module = await startOrt(factory, threads);
	const cpu = os.cpus()[0]?.model ?? 'CPU';
	return new WasmBackend(module, {
		provider: 'wasm',
		name: `${cpu} (Node ${process.versions.node}, WebAssembly SIMD)`,
		threads,
		crossOriginIsolated: true,
		features: [],
		limits: {},
		memoryGiB: os.totalmem() / 2 ** 30,
		fallbackReason: undefined
	});
}
