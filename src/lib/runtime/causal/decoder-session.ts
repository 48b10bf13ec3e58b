import type { CausalSession, ForwardOptions } from '../../core/causal.ts';
import { StudioError, throwIfAborted } from '../../core/errors.ts';
import type { Backend, EngineSession, EngineTensor } from '../backend.ts';
import { ChunkSizer } from './chunk-sizer.ts';
import { decoderFeeds } from './decoder-feeds.ts';
import type { DecoderStep } from './decoder-feeds.ts';
import type { DecoderLayout } from './decoder-layout.ts';
import { floatsOf } from './float-data.ts';
import type { KeyValueCache } from './key-value-cache.ts';

const now = () => performance.now();

/** Tokens a run takes of graphs whose logits depend on it. */
const FIXED_CHUNK = 16;

/** A decoder on an engine session, with its cache: {@link CausalSession} for any export. */
export class DecoderSession implements CausalSession {
	readonly vocabSize: number;
	readonly contextLength: number;
	/** {@inheritDoc CausalSession.exactBatches} Found out when the session is made. */
	exactBatches = true;
	private readonly backend: Backend;
	private readonly session: EngineSession;
	private readonly layout: DecoderLayout;
	private readonly cache: KeyValueCache;
	private readonly chunks = new ChunkSizer();
	/** All ids so far; an export without cache is fed them anew each time. */
	private ids: number[] = [];

	constructor(
		backend: Backend,
		session: EngineSession,
		layout: DecoderLayout,
		cache: KeyValueCache,
		contextLength: number
	) {
		this.backend = backend;
		this.session = session;
		this.layout = layout;
		this.cache = cache;
		this.vocabSize = layout.vocabSize;
		this.contextLength = contextLength;
	}

	get length(): number {
		return this.cache.length;
	}

	/** How the cache works: `in-place`, `growing`, or `recompute` when the export has none. */
	get cacheKind(): KeyValueCache['kind'] {
		return this.cache.kind;
	}

	/** Where keys and values lie between runs: all in one place, or nowhere when there are none. */
	get cacheLocation(): EngineTensor['location'] | 'mixed' | 'none' {
		const places = new Set(this.cache.tensors.map(({ location }) => location));
		const [place] = places;
		return places.size > 1 ? 'mixed' : (place ?? 'none');
	}

	/** {@inheritDoc CausalSession.forward} On any error the cache is as it was before the call. */
	async forward(ids: readonly number[], options: ForwardOptions = {}): Promise<Float32Array> {
		const wanted = Math.min(options.logitsFor ?? 1, ids.length);
		const before = this.length;
		this.checkInput(ids);
		const logits = new Float32Array(wanted * this.vocabSize);
		try {
			let done = 0;
			while (done < ids.length) {
				throwIfAborted(options.signal);
				const chunk = ids.slice(done, done + this.chunkLength(ids.length - done));
				done += chunk.length;
				// Rows of `logits` that still come after this chunk.
				const after = Math.min(wanted, ids.length - done);
				const keep = Math.min(chunk.length, wanted - after);
				const rows = await this.step(chunk, keep);
				logits.set(rows, logits.length - after * this.vocabSize - rows.length);
			}
			return logits;
		} catch (error) {
			this.truncate(before);
			throw error;
		}
	}

	truncate(length: number): void {
		if (length >= this.length) return;
		this.cache.truncate(Math.max(length, 0));
		this.ids.length = this.cache.length;
	}

	async dispose(): Promise<void> {
		this.cache.dispose();
		await this.session.dispose();
	}

	/** Frees the cache only, to run the same session with another one. */
	disposeCache(): void {
		this.cache.dispose();
	}

	private chunkLength(left: number): number {
		if (this.cache.kind === 'recompute') return left;
		// Chunks sized by the clock would make such a graph's text depend on the machine's load.
		return this.exactBatches ? this.chunks.take(left) : Math.min(left, FIXED_CHUNK);
	}

	/** One run. @returns logits of the chunk's last `keep` positions, `[keep, vocab]` */
	private async step(chunk: readonly number[], keep: number): Promise<Float32Array> {
		const start = now();
		const past = this.length;
		const whole = this.cache.kind === 'recompute';
		const step: DecoderStep = whole
			? { ids: [...this.ids, ...chunk], start: 0, keep }
			: { ids: chunk, start: past, keep };
		const { feeds: pasts, targets } = this.cache.bind(chunk.length);
		const feeds = decoderFeeds(this.backend, this.layout, step);
		const { logits: output } = this.layout;
		let results: Record<string, EngineTensor>;
		try {
			results = await this.session.run({ ...feeds, ...pasts }, { [output.name]: null, ...targets });
		} finally {
			for (const feed of Object.values(feeds)) feed.dispose();
		}
		this.cache.commit(results, chunk.length);
		this.ids.push(...chunk);
		const logits = await this.readLogits(results[output.name], keep);
		this.chunks.learn(chunk.length, now() - start);
		return logits;
	}

	private async readLogits(tensor: EngineTensor | undefined, keep: number): Promise<Float32Array> {
		if (tensor === undefined || keep === 0) {
			tensor?.dispose();
			return new Float32Array(0);
		}
		try {
			return floatsOf(await tensor.readTail(keep * this.vocabSize));
		} finally {
			tensor.dispose();
		}
	}

	private checkInput(ids: readonly number[]): void {
		if (ids.length === 0) {
			throw new StudioError('bad-input', 'There is no token to read.', 'Give at least one token.');
		}
		const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= this.vocabSize);
		if (wrong !== undefined) {
			throw new StudioError(
				'bad-input',
				`Token ${wrong} is outside the vocabulary of ${this.vocabSize}.`,
				'Use the tokenizer that belongs to the model.'
			);
		}
		if (this.length + ids.length > this.contextLength) {
			throw new StudioError(
				'bad-input',
				`${this.length + ids.length} tokens are more than the model's context of ${this.contextLength}.`,
				'Shorten the text.'
			);
		}
	}
}
