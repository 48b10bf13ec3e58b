import type { ModelSummary, StorageReport } from '#lib/core/catalogue.ts';
import type { DeviceReport } from '#lib/core/device.ts';
import { StudioError } from '#lib/core/errors.ts';
import type { Notice } from '#lib/core/notice.ts';
import type { StudioEngine } from '#lib/state/studio.svelte.ts';

export const storyteller: ModelSummary = {
	id: 'storyteller',
	title: 'Storyteller',
	task: 'text-generation',
	description: 'Writes short stories for children.',
	licence: 'MIT',
	source: 'bundled',
	variants: [
		{
			name: 'int8',
			file: 'onnx/model_quantized.onnx',
			bytes: 10_000_000,
			installed: false,
			partialBytes: 0
		},
		{ name: 'fp32', file: 'onnx/model.onnx', bytes: 30_000_000, installed: false, partialBytes: 0 }
	],
	defaultVariant: 'int8'
};

export const storage: StorageReport = {
	kind: 'indexeddb',
	usedBytes: 0,
	availableBytes: 1e9,
	persistent: false
};

export const device: DeviceReport = {
	provider: 'wasm',
	name: 'WebAssembly',
	threads: 1,
	crossOriginIsolated: false,
	features: [],
	limits: {},
	memoryGiB: undefined,
	fallbackReason: undefined
};

/** An engine for tests of the pages' state: what a test does not replace refuses to be called. */
export function fakeEngine(methods: Partial<StudioEngine> = {}): StudioEngine & {
	/** Sends a notice to whoever listens. */
	notify(notice: Notice): void;
} {
	const unused = (): never => {
		throw new StudioError('internal', 'not part of this test', '');
	};
	const listeners = new Set<(notice: Notice) => void>();
	return {
		device: async () => device,
		generate: unused,
		history: { append: unused, list: unused, remove: unused, clear: unused },
		importModel: unused,
		installModel: unused,
		listModels: async () => [storyteller],
		loadModel: unused,
		onNotice(listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		removeModel: unused,
		storage: async () => storage,
		tokenize: unused,
		usedFiles: async () => [],
		verifyModel: unused,
		...methods,
		notify: (notice) => listeners.forEach((listener) => listener(notice))
	};
}
