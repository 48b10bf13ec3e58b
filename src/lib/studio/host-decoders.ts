import { toStudioError, type StudioError } from '#lib/core/errors.ts';
import type { CausalSession } from '#lib/core/causal.ts';
import type { Tokenizer } from '#lib/core/tokenizer.ts';
import type { OpenedModel } from '#lib/hub/open-model.ts';
import type { Backend } from '#lib/runtime/backend.ts';
import { createCausalSession } from '#lib/runtime/causal/create-causal-session.ts';
import { adaptiveSpeculation, type SpeculationPolicy } from '#lib/text/speculation.ts';
import { createTokenizer } from '#lib/text/tokenizer.ts';

/** A language model that is ready to write. */
export interface Decoder {
	readonly key: string;
	readonly title: string;
	readonly variant: string;
	readonly tokenizer: Tokenizer;
	readonly session: CausalSession;
	/** When guessing ahead pays: learned from this session's own speed. */
	readonly speculation: SpeculationPolicy;
}

/**
 * The one decoder that is in memory. A second model takes the first one's place: a WASM heap never
 * shrinks, and two models on one GPU compete for it.
 */
export class Decoders {
	readonly #open: (id: string, variant: string) => Promise<OpenedModel>;
	readonly #backend: () => Promise<Backend>;
	#current: Decoder | undefined;

	constructor(
		open: (id: string, variant: string) => Promise<OpenedModel>,
		backend: () => Promise<Backend>
	) {
		this.#open = open;
		this.#backend = backend;
	}

	/** The decoder of an installed variant; loads it when it is not the current one. */
	async get(id: string, variant: string): Promise<Decoder> {
		const key = `${id}/${variant}`;
		if (this.#current?.key === key) return this.#current;
		await this.#current?.session.dispose();
		this.#current = undefined;
		const model = await this.#open(id, variant);
		const backend = await this.#backend();
		const tokenizer = createTokenizer(model.texts);
		const session = await createCausalSession(backend, {
			name: model.graph.path,
			graph: model.graph.skeleton,
			externalData: model.graph.externalData,
			config: parseConfig(model.texts['config.json'])
		});
		const speculation = adaptiveSpeculation();
		this.#current = { key, title: model.title, variant, tokenizer, session, speculation };
		return this.#current;
	}

	/** Forgets a model that is being deleted. */
	async release(id: string): Promise<void> {
		if (!this.#current?.key.startsWith(`${id}/`)) return;
		await this.#current.session.dispose();
		this.#current = undefined;
	}
}

/** undefined when the file is absent; the runtime says what it misses. */
function parseConfig(text: string | undefined): unknown {
	if (text === undefined) return undefined;
	try {
		return JSON.parse(text) as unknown;
	} catch (error) {
		const failure: StudioError = toStudioError(error, 'Export or download the model again.');
		throw failure;
	}
}
