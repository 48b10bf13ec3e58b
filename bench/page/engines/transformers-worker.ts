import {
	env,
	pipeline,
	TextStreamer,
	type TextGenerationPipeline
} from '@huggingface/transformers';
import { expose } from 'comlink';

/** transformers.js in a worker of its own, as its documentation recommends. */
const api = {
	generator: undefined as TextGenerationPipeline | undefined,
	async load(base: string, device: 'webgpu' | 'wasm', dtype: 'fp32' | 'q8' | 'q4'): Promise<void> {
		env.allowRemoteModels = false;
		env.allowLocalModels = true;
		env.localModelPath = `${base}models/`;
		if (env.backends.onnx.wasm) {
			env.backends.onnx.wasm.wasmPaths = `${base}ort/`;
			env.backends.onnx.wasm.numThreads = 1;
		}
		api.generator = (await pipeline('text-generation', 'storyteller', {
			device,
			dtype
		})) as TextGenerationPipeline;
	},
	async generate(prompt: string, count: number, token: () => void): Promise<string> {
		const { generator } = api;
		if (!generator) throw new Error('load first');
		const streamer = new TextStreamer(generator.tokenizer, {
			skip_prompt: true,
			callback_function: () => undefined,
			token_callback_function: () => void token()
		});
		const output = await generator(prompt, {
			max_new_tokens: count,
			do_sample: false,
			return_full_text: false,
			streamer
		});
		const first = Array.isArray(output) ? output[0] : output;
		return first && 'generated_text' in first ? String(first.generated_text) : '';
	}
};

export type TransformersWorker = Omit<typeof api, 'generator'>;

expose(api);
