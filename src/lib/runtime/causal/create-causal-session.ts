import type { Backend, EngineSession, ModelFiles } from '../backend.ts';
import { inspectFiles } from '../model-files.ts';
import { readDecoderConfig } from './decoder-config.ts';
import { readDecoderLayout } from './decoder-layout.ts';
import type { DecoderLayout } from './decoder-layout.ts';
import { DecoderSession } from './decoder-session.ts';
import { GrowingCache } from './growing-cache.ts';
import { InPlaceCache } from './in-place-cache.ts';
import { RecomputeCache } from './recompute-cache.ts';

/** A decoder in Hugging Face layout: its graph, weights beside it, and the parsed `config.json`. */
export interface DecoderSource extends ModelFiles {
	readonly config: unknown;
}

export interface CausalOptions {
	/** Longest sequence to make room for; the model's own limit when absent or larger. */
	readonly contextLength?: number;
	/** Positions to make room for at first, where the cache is in place. */
	readonly capacity?: number;
	/** Caches to try, best first; tests use it to force one. */
	readonly caches?: readonly DecoderSession['cacheKind'][];
}

/**
 * Largest relative difference between logits of one token read alone and within a longer chunk.
 * Dynamically quantised graphs scale activations by chunk and reach some hundredths; a graph that
 * does not understand the cache is off by about 1.
 */
const SELF_CHECK_TOLERANCE = 0.3;

/** Largest relative difference that rounding alone explains (float16 reaches some thousandths). */
const ROUNDING = 5e-3;

function makeSession(
	backend: Backend,
	session: EngineSession,
	layout: DecoderLayout,
	kind: DecoderSession['cacheKind'],
	contextLength: number,
	capacity?: number
): DecoderSession {
	const caches = {
		'in-place': () => new InPlaceCache(backend, layout.cache, contextLength, capacity),
		growing: () => new GrowingCache(backend, layout.cache),
		recompute: () => new RecomputeCache()
	} as const;
	return new DecoderSession(backend, session, layout, caches[kind](), contextLength);
}

/** ‖a − b‖ / ‖a − mean(a)‖: 0 for equal logits, about 1 for unrelated ones. */
function relativeDifference(a: Float32Array, b: Float32Array): number {
	const mean = a.reduce((sum, x) => sum + x, 0) / a.length;
	let difference = 0;
	let spread = 0;
	a.forEach((x, i) => {
		difference += (x - (b[i] ?? 0)) ** 2;
		spread += (x - mean) ** 2;
	});
	return Math.sqrt(difference / Math.max(spread, 1e-30));
}

/**
 * Runs both shapes of use once (many tokens, one token), so that kernels are compiled before the
 * first real token, and checks that the cache gives the same logits either way; notes in the session
 * whether they are the same but for rounding.
 */
async function warmUp(session: DecoderSession): Promise<boolean> {
	const ids = [0, 1, 2].map((id) => Math.min(id, session.vocabSize - 1));
	const together = await session.forward(ids);
	session.truncate(ids.length - 1);
	const alone = await session.forward(ids.slice(-1));
	session.truncate(0);
	const difference = relativeDifference(together, alone);
	session.exactBatches = difference < ROUNDING;
	return difference < SELF_CHECK_TOLERANCE;
}

/**
 * Makes a decoder ready: looks its files over, builds the session, chooses the best cache the graph
 * allows, and runs it once.
 *
 * The cache is in place where the graph's attention is GroupQueryAttention throughout and a self-check
 * agrees, else it grows; an export without cache reads the whole text again for every token.
 * @throws StudioError `bad-model` naming file and reason, `out-of-memory`, `device-lost`
 */
export async function createCausalSession(
	backend: Backend,
	source: DecoderSource,
	options: CausalOptions = {}
): Promise<DecoderSession> {
	const scan = inspectFiles(source);
	const config = readDecoderConfig(source.config);
	const contextLength = Math.min(options.contextLength ?? Infinity, config.contextLength);
	const session = await backend.createSession(source);
	try {
		const layout = readDecoderLayout(source.name, session.inputs, session.outputs, scan, config);
		const possible = possibleCaches(layout);
		const caches = options.caches?.filter((kind) => possible.includes(kind)) ?? possible;
		for (const kind of caches) {
			const decoder = makeSession(backend, session, layout, kind, contextLength, options.capacity);
			if ((await warmUp(decoder)) || kind === caches.at(-1)) return decoder;
			decoder.disposeCache();
		}
		throw new RangeError(`no cache of ${options.caches?.join(', ')} suits ${source.name}`);
	} catch (error) {
		await session.dispose();
		throw error;
	}
}

function possibleCaches(layout: DecoderLayout): DecoderSession['cacheKind'][] {
	if (layout.cache.length === 0) return ['recompute'];
	return layout.inPlace ? ['in-place', 'growing'] : ['growing'];
}
