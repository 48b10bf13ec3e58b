// The glue modules of onnxruntime-web carry no types of their own, and code that is checked without
// Vite's types (workers) still imports URLs.
declare module 'onnxruntime-web/ort-wasm-simd-threaded.mjs' {
	import type { OrtModuleFactory } from './ort-module.ts';
	const factory: OrtModuleFactory;
	export default factory;
}

declare module '*.mjs?url' {
	const url: string;
	export default url;
}

declare module '*.wasm?url' {
	const url: string;
	export default url;
}
