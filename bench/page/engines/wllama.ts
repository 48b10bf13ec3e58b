import { LoggerWithoutDebug, Wllama } from '@wllama/wllama';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import { stopwatch, type BenchEngine } from '../engine.ts';

/** llama.cpp compiled to WebAssembly, on a GGUF of the same weights, one thread, no GPU layers. */
export function wllamaEngine(file: string): BenchEngine {
	const wllama = new Wllama({ default: new URL(wasmUrl, location.href).href } as never, {
		logger: LoggerWithoutDebug,
		suppressNativeLog: true
	});
	return {
		name: `wllama ${file.replace(/^.*-|\.gguf$/g, '')}`,
		async load() {
			const response = await fetch(new URL(file, location.href));
			if (!response.ok) throw new Error(`${file}: HTTP ${response.status}`);
			await wllama.loadModel([await response.blob()], {
				n_ctx: 512,
				n_threads: 1,
				n_gpu_layers: 0,
				warmup: true
			});
		},
		async generate(prompt, count) {
			const watch = stopwatch();
			let text = '';
			await wllama.createCompletion({
				prompt,
				max_tokens: count,
				temperature: 0,
				stream: true,
				onData(chunk) {
					const piece = chunk.choices[0]?.text ?? '';
					if (piece) watch.token();
					text += piece;
				}
			});
			return watch.finish(text);
		},
		dispose: () => wllama.exit()
	};
}
