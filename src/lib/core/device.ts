/** Where onnxruntime-web runs a graph. */
export type Provider = 'webgpu' | 'wasm';

/** What the engine found on this machine, and what it chose. */
export interface DeviceReport {
	readonly provider: Provider;
	/** Name of the GPU adapter, or of the CPU path; for people. */
	readonly name: string;
	/** WASM threads in use; 1 when the page is not cross-origin isolated. */
	readonly threads: number;
	readonly crossOriginIsolated: boolean;
	/** GPU features in use or on offer (`shader-f16`, `subgroups`, …); empty on WASM. */
	readonly features: readonly string[];
	/** GPU limits by their WebGPU names, in bytes or counts; empty on WASM. */
	readonly limits: Readonly<Record<string, number>>;
	/** `navigator.deviceMemory` in GiB where the browser tells. */
	readonly memoryGiB: number | undefined;
	/** Why a better provider was not taken, in one sentence; undefined when the best one runs. */
	readonly fallbackReason: string | undefined;
}
