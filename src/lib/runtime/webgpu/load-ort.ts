import asyncifyUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiUrl from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import type { OrtApi } from './webgpu-backend.ts';

/** Whether the browser can suspend WebAssembly on promises (JSPI): the smaller, faster build. */
export function hasJspi(): boolean {
	return 'Suspending' in WebAssembly;
}

/** Fetches the WebGPU build of onnxruntime-web that suits the browser; only that one. */
export async function loadOrtForWebgpu(): Promise<OrtApi> {
	const jspi = hasJspi();
	const ort: OrtApi = jspi
		? await import('onnxruntime-web/jspi')
		: await import('onnxruntime-web/webgpu');
	ort.env.logLevel = 'fatal';
	ort.env.wasm.numThreads = 1;
	ort.env.wasm.proxy = false;
	ort.env.wasm.wasmPaths = { wasm: jspi ? jspiUrl : asyncifyUrl };
	return ort;
}
