import type { DeviceReport, Provider } from '../core/device.ts';
import { StudioError } from '../core/errors.ts';
import type { Backend } from './backend.ts';

export interface BrowserBackendOptions {
	readonly provider: Provider;
	/**
	 * WASM threads to use where the page is cross-origin isolated. One is the default: two threads on
	 * two busy cores were slower than one, for this engine and for llama.cpp.
	 */
	readonly threads?: number;
	/** Why the caller did not take a better provider; for the device report. */
	readonly fallbackReason?: string;
}

/** What the page's environment says, whatever the provider. */
function environment(): Pick<DeviceReport, 'crossOriginIsolated' | 'memoryGiB'> {
	const memory = (navigator as Navigator & { readonly deviceMemory?: number }).deviceMemory;
	return { crossOriginIsolated: globalThis.crossOriginIsolated, memoryGiB: memory };
}

async function createWebgpu({ fallbackReason }: BrowserBackendOptions): Promise<Backend> {
	const [{ openGpuDevice }, { WebgpuBackend }, { loadOrtForWebgpu }] = await Promise.all([
		import('./webgpu/gpu-device.ts'),
		import('./webgpu/webgpu-backend.ts'),
		import('./webgpu/load-ort.ts')
	]);
	// The device first: without one, megabytes of engine are not fetched.
	const gpu = await openGpuDevice();
	const ort = await loadOrtForWebgpu();
	return new WebgpuBackend(ort, gpu, {
		provider: 'webgpu',
		name: gpu.name,
		threads: 1,
		...environment(),
		features: gpu.features,
		limits: gpu.limits,
		fallbackReason
	});
}

async function createWasm({
	threads = 1,
	fallbackReason
}: BrowserBackendOptions): Promise<Backend> {
	const [{ WasmBackend }, { loadOrtForWasm }] = await Promise.all([
		import('./wasm/wasm-backend.ts'),
		import('./wasm/load-glue.ts')
	]);
	const surroundings = environment();
	const used = surroundings.crossOriginIsolated ? threads : 1;
	return new WasmBackend(await loadOrtForWasm(used), {
		provider: 'wasm',
		name: `CPU with ${navigator.hardwareConcurrency} cores (WebAssembly SIMD)`,
		threads: used,
		...surroundings,
		features: [],
		limits: {},
		fallbackReason
	});
}

/**
 * Prepares one provider in this worker. One worker tries one provider: after any failure, and after
 * `lost` has resolved, terminate it and start a fresh one.
 * @throws StudioError `unsupported` when the provider cannot run here
 */
export async function createBrowserBackend(options: BrowserBackendOptions): Promise<Backend> {
	try {
		return await (options.provider === 'webgpu' ? createWebgpu(options) : createWasm(options));
	} catch (error) {
		if (error instanceof StudioError) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		throw new StudioError(
			'unsupported',
			`The ${options.provider} engine could not start: ${reason}`,
			'Update the browser, or check that the site may load its own scripts.',
			{ cause: error }
		);
	}
}
