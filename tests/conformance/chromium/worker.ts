import { createBrowserBackend } from '#lib/runtime/backend-browser.ts';
import type { DeviceReport, Provider } from '#lib/core/device.ts';
import { decoderConformance } from '../decoders.ts';
import type { ConformanceOptions, ConformanceResult } from '../decoders.ts';

export interface ConformanceJob {
	readonly provider: Provider;
	/** Where `tests/fixtures/decoders` is served, with a trailing slash. */
	readonly fixturesUrl: string;
	readonly fixtures: readonly string[];
	readonly options: ConformanceOptions;
}

export interface ConformanceReport {
	readonly device?: DeviceReport;
	readonly results: readonly ConformanceResult[];
	/** Times that commands were submitted to the GPU, by the engine or by us. */
	readonly submits: number;
	readonly milliseconds: number;
	readonly error?: string;
}

let submits = 0;

/** Counts submissions, so that a silent fall-back to the CPU cannot pass for WebGPU. */
function countSubmits(): void {
	const prototype = (globalThis as { GPUQueue?: { prototype: GPUQueue } }).GPUQueue?.prototype;
	if (prototype === undefined) return;
	const original = prototype.submit;
	prototype.submit = function (this: GPUQueue, buffers) {
		submits++;
		return original.call(this, buffers);
	};
}

async function run(job: ConformanceJob): Promise<ConformanceReport> {
	countSubmits();
	const start = performance.now();
	const backend = await createBrowserBackend({ provider: job.provider });
	const fetchBytes = async (path: string) => {
		const response = await fetch(job.fixturesUrl + path);
		if (!response.ok) throw new Error(`${path}: ${response.status}`);
		return new Uint8Array(await response.arrayBuffer());
	};
	const results = await decoderConformance(backend, fetchBytes, job.fixtures, job.options);
	const milliseconds = performance.now() - start;
	return { device: backend.report, results, submits, milliseconds };
}

globalThis.onmessage = ({ data }: MessageEvent<ConformanceJob>) => {
	run(data)
		.catch((error: unknown) => ({ results: [], submits, milliseconds: 0, error: String(error) }))
		.then((report) => globalThis.postMessage(report));
};
