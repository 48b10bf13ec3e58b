import type { CausalSession } from '#lib/core/causal.ts';
import type { OnProgress } from '#lib/core/progress.ts';
import { cachedTokens, type CachedTokens } from './cached-tokens.ts';
import { anyPasses, fixedPasses, type FeedingPlan } from './feeding-plan.ts';
import { promptLookup } from './prompt-lookup.ts';
import type { SpeculationPolicy } from './speculation.ts';

/** Where the decode loop gets the logits of each next position from. */
export interface LogitsSource {
	/** Tokens of the start that were still in the cache. */
	readonly reused: number;
	/**
	 * Logits `[vocab]` of the position behind a sequence. Each call's sequence is the last one's with
	 * one more token. The row belongs to the source: copy it before changing it.
	 * @param remaining how many more tokens the caller wants at most
	 */
	next(ids: readonly number[], remaining: number): Promise<Float32Array>;
	/** Forgets guesses that nobody asked for, so that the cache holds the sequence only. */
	close(ids: readonly number[]): void;
}

export interface LogitsSourceOptions {
	/** Tokens of begin token and prompt; what follows them in the start had been generated before. */
	readonly promptLength: number;
	readonly now: () => number;
	readonly speculation: SpeculationPolicy;
	readonly signal?: AbortSignal;
	readonly onProgress?: OnProgress;
	/** Awaited between two passes over a prompt. */
	readonly pause?: () => Promise<void>;
}

/** Largest difference of logits that still counts as the same arithmetic, in nats. */
const SAME_LOGITS = 1e-3;

/**
 * Sessions whose logits do not depend on how many tokens are fed together, as far as tried. Kernels
 * that quantise activations over the whole batch (int8 dynamic) do, and then a guess verified in a
 * batch is not what decoding one by one would have given.
 */
const batchesExactly = new WeakMap<CausalSession, boolean>();

/** Rows of the last forward pass: row i is behind `draft[0..i]`. */
interface Verified {
	readonly rows: Float32Array;
	readonly draft: readonly number[];
	row: number;
	/** Time of the pass when it was one decode step; undefined when it read a prompt. */
	readonly milliseconds: number | undefined;
}

/**
 * Opens a source on a session. Guessed tokens (prompt look-up) are fed along with the last token when
 * the policy says so; their rows are handed out for as long as the sequence goes where the guess
 * went, so the caller draws every token from the logits of its own prefix and never knows.
 */
export function logitsSource(
	session: CausalSession,
	start: readonly number[],
	options: LogitsSourceOptions
): LogitsSource {
	const cache = cachedTokens(session);
	const plan = session.exactBatches === false ? fixedPasses(options.promptLength) : undefined;
	const reused = cache.reuse(start, plan);
	let verified: Verified | undefined;
	const settle = (): void => {
		if (verified?.milliseconds !== undefined) {
			const { draft, row, milliseconds } = verified;
			options.speculation.observe({ drafted: draft.length, accepted: row, milliseconds });
		}
		verified = undefined;
	};
	const step = async (ids: readonly number[], remaining: number): Promise<Float32Array> => {
		const fresh = ids.slice(cache.length);
		const guessed = fresh.length === 1 ? guess(session, ids, remaining, options.speculation) : [];
		const exact = guessed.length === 0 || (await tryBatch(session, cache, ids, guessed, options));
		const draft = exact ? guessed : [];
		const begun = options.now();
		const rows = await cache.forward([...fresh, ...draft], {
			logitsFor: draft.length + 1,
			signal: options.signal
		});
		const milliseconds = fresh.length === 1 ? options.now() - begun : undefined;
		verified = { rows, draft, row: 0, milliseconds };
		return rows.subarray(0, session.vocabSize);
	};
	return {
		reused,
		async next(ids, remaining) {
			if (verified && verified.draft[verified.row] === ids.at(-1)) {
				verified.row += 1;
				const { rows, row } = verified;
				return rows.subarray(row * session.vocabSize, (row + 1) * session.vocabSize);
			}
			settle();
			cache.truncate(ids.length - 1);
			await prefill(cache, ids, plan ?? anyPasses, options);
			return step(ids, remaining);
		},
		close(ids) {
			settle();
			cache.truncate(ids.length);
		}
	};
}

function guess(
	session: CausalSession,
	ids: readonly number[],
	remaining: number,
	policy: SpeculationPolicy
): number[] {
	if (session.exactBatches === false || batchesExactly.get(session) === false) return [];
	const room = Math.min(remaining - 1, session.contextLength - ids.length);
	return promptLookup(ids, Math.min(policy.draftLength(), room));
}

/** Feeds the last token alone and with guesses, once a session, and compares the logits. */
async function tryBatch(
	session: CausalSession,
	cache: CachedTokens,
	ids: readonly number[],
	draft: readonly number[],
	options: LogitsSourceOptions
): Promise<boolean> {
	const known = batchesExactly.get(session);
	if (known !== undefined) return known;
	const { signal } = options;
	const last = ids.slice(-1);
	const alone = Float32Array.from(await cache.forward(last, { signal }));
	cache.truncate(ids.length - 1);
	const logitsFor = draft.length + 1;
	const batch = await cache.forward([...last, ...draft], { logitsFor, signal });
	cache.truncate(ids.length - 1);
	// Equality first: two minus infinities have no difference.
	const exact = alone.every((logit, i) => {
		const other = batch[i] ?? NaN;
		return logit === other || Math.abs(logit - other) <= SAME_LOGITS;
	});
	batchesExactly.set(session, exact);
	return exact;
}

/** Feeds a start pass by pass but for the last one, telling how far it has come. */
async function prefill(
	cache: CachedTokens,
	ids: readonly number[],
	plan: FeedingPlan,
	{ signal, onProgress, pause }: LogitsSourceOptions
): Promise<void> {
	while (ids.length - cache.length > plan(cache.length)) {
		const end = cache.length + plan(cache.length);
		await cache.forward(ids.slice(cache.length, end), { signal });
		onProgress?.({
			label: 'Reading the prompt',
			done: cache.length,
			total: ids.length,
			unit: 'tokens'
		});
		await pause?.();
	}
}
