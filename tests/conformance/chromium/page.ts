import type { ConformanceJob, ConformanceReport } from './worker.ts';

/** Runs one job in a fresh worker; called from the test through the page. */
async function runConformance(job: ConformanceJob): Promise<ConformanceReport> {
	const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
	try {
		return await new Promise((resolve, reject) => {
			worker.onmessage = ({ data }: MessageEvent<ConformanceReport>) => resolve(data);
			worker.onerror = (event) => reject(new Error(event.message));
			worker.postMessage(job);
		});
	} finally {
		worker.terminate();
	}
}

Object.assign(globalThis, { runConformance });
