// The glue modules of onnxruntime-web carry no types of their own.
declare module 'onnxruntime-web/ort-wasm-simd-threaded.mjs' {
	import type { OrtModuleFactory } from './ort-module.ts';
	const factory: OrtModuleFactory;
	export default factory;
}
