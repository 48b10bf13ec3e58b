import { expose } from 'comlink';
import type { DeviceReport } from '#lib/core/device.ts';
import { createHub } from '#lib/hub/create-hub.ts';
import { createBrowserBackend } from '#lib/runtime/backend-browser.ts';
import { openGpuDevice } from '#lib/runtime/webgpu/gpu-device.ts';
import type { EngineConfig } from './api.ts';
import { createStudio, type HostEnvironment } from './host-studio.ts';
import { installErrorTransfer } from './wire.ts';

/** Offers the studio to the page that started this worker. */
export function exposeStudio(): void {
	installErrorTransfer();
	expose(createStudio(browserHost()));
}

function browserHost(): HostEnvironment {
	return {
		openHub: ({ baseUrl, persist }) => createHub({ baseUrl, persist }),
		openBackend: ({ provider, fallbackReason }) =>
			createBrowserBackend({ provider, ...(fallbackReason ? { fallbackReason } : {}) }),
		probe,
		now: () => performance.now(),
		pause: nextTask,
		usedFiles: () => [
			location.href,
			...performance.getEntriesByType('resource').map(({ name }) => name)
		]
	};
}

/** Asks for a device and lets it go: an engine of megabytes is not fetched for a report. */
async function probe({ provider, fallbackReason }: EngineConfig): Promise<DeviceReport> {
	const memory = (navigator as Navigator & { readonly deviceMemory?: number }).deviceMemory;
	const common = {
		provider,
		threads: 1,
		crossOriginIsolated: globalThis.crossOriginIsolated,
		memoryGiB: memory,
		fallbackReason
	};
	if (provider === 'wasm') {
		const name = `CPU with ${navigator.hardwareConcurrency} cores (WebAssembly SIMD)`;
		return { ...common, name, features: [], limits: {} };
	}
	const { device, name, features, limits } = await openGpuDevice();
	device.destroy();
	return { ...common, name, features, limits };
}

/** Resolves in a later task; unlike a timer it is not held back to 4 ms. */
function nextTask(): Promise<void> {
	return new Promise((resolve) => {
		const { port1, port2 } = new MessageChannel();
		port1.onmessage = () => {
			port1.close();
			resolve();
		};
		port2.postMessage(undefined);
	});
}
