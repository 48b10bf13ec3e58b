import type { CausalSession } from '#lib/core/causal.ts';
import type { Tokenizer } from '#lib/core/tokenizer.ts';
import type { Backend } from '#lib/runtime/backend.ts';
import { createNodeBackend } from '#lib/runtime/backend-node.ts';
import { createCausalSession } from '#lib/runtime/causal/create-causal-session.ts';
import { createTokenizer } from '#lib/text/tokenizer.ts';
import { readModelDirectory } from './model-directory.ts';

/** A language model that is ready to write in Node. */
export interface OpenDecoder {
	readonly tokenizer: Tokenizer;
	readonly session: CausalSession;
	readonly variant: string;
	/** Where it runs, for people. */
	readonly device: string;
}

export interface OpenOptions {
	readonly variant?: string;
	/** WebAssembly threads. */
	readonly threads?: number;
}

/** The engine of this process: compiling it takes longer than opening a small model. */
const engines = new Map<number, Promise<Backend>>();

function engine(threads: number): Promise<Backend> {
	const running = engines.get(threads) ?? createNodeBackend(threads);
	engines.set(threads, running);
	return running;
}

/**
 * Opens a model directory on onnxruntime-web's WebAssembly.
 * @throws StudioError `not-found`, `bad-model`, `out-of-memory`
 */
export async function openDecoder(
	directory: string,
	{ variant, threads = 1 }: OpenOptions = {}
): Promise<OpenDecoder> {
	const model = await readModelDirectory(directory, variant);
	const tokenizer = createTokenizer(model.tokenizer);
	const backend = await engine(threads);
	const session = await createCausalSession(backend, model.source);
	const { provider, name } = backend.report;
	return { tokenizer, session, variant: model.variant, device: `${provider}: ${name}` };
}
