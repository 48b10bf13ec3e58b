import glueUrl from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { startOrt } from './ort-module.ts';
import type { OrtModule, OrtModuleFactory } from './ort-module.ts';

/**
 * Fetches and starts the CPU build. The glue stays a file of its own: with threads it starts workers
 * from its own URL, which a bundle would break.
 */
export async function loadOrtForWasm(threads: number): Promise<OrtModule> {
	const glue = (await import(/* @vite-ignore */ glueUrl)) as { default: OrtModuleFactory };
	return startOrt(glue.default, threads, wasmUrl);
}
