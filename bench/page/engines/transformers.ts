import { proxy, wrap } from 'comlink';
import workerUrl from './transformers-worker.ts?worker&url';
import { stopwatch, type BenchEngine } from '../engine.ts';
import type { TransformersWorker } from './transformers-worker.ts';

/** The text-generation pipeline of @huggingface/transformers on the same files. */
export function transformersEngine(
	device: 'webgpu' | 'wasm',
	dtype: 'fp32' | 'q8' | 'q4'
): BenchEngine {
	const worker = new Worker(workerUrl, { type: 'module' });
	const remote = wrap<TransformersWorker>(worker);
	return {
		name: `transformers.js ${dtype}`,
		load: () => remote.load(new URL('./', location.href).href, device, dtype),
		async generate(prompt, count) {
			const watch = stopwatch();
			// The streamer reports the prompt as its first call.
			let calls = 0;
			const onToken = proxy(() => {
				if (calls++ > 0) watch.token();
			});
			const text = await remote.generate(prompt, count, onToken);
			await new Promise((resolve) => setTimeout(resolve, 20));
			return watch.finish(text);
		},
		async dispose() {
			worker.terminate();
		}
	};
}
