/**
 * Bytes of onnxruntime-web's WebAssembly builds, of which a browser keeps one beside the model. A
 * test compares them with the installed package.
 */
export const ENGINE_BYTES = {
	/** Processor only. */
	'ort-wasm-simd-threaded.wasm': 14_239_897,
	/** WebGPU, where JavaScript promise integration is there. */
	'ort-wasm-simd-threaded.jspi.wasm': 16_758_545,
	/** WebGPU elsewhere. */
	'ort-wasm-simd-threaded.asyncify.wasm': 26_781_914
} as const;

/** Smallest and largest build. */
export const ENGINE_RANGE = {
	least: Math.min(...Object.values(ENGINE_BYTES)),
	most: Math.max(...Object.values(ENGINE_BYTES))
};
