import type { CausalSession, ForwardOptions } from '#lib/core/causal.ts';

/** Which tokens each session's cache holds: sessions themselves know only how many. */
const held = new WeakMap<CausalSession, number[]>();

/** A session together with the tokens in its cache. Nothing else should feed the session. */
export interface CachedTokens {
	readonly length: number;
	/**
	 * Keeps the longest common beginning of the cache and a wanted sequence, and forgets the rest.
	 * The last wanted token is never kept, as it must be fed for its logits.
	 * @returns how many tokens were kept
	 */
	reuse(wanted: readonly number[]): number;
	/** Forgets everything from position `length` on. */
	truncate(length: number): void;
	/** Feeds tokens. @returns logits `[options.logitsFor, vocab]` */
	forward(ids: readonly number[], options?: ForwardOptions): Promise<Float32Array>;
}

/** The cache of a session as earlier generations left it. */
export function cachedTokens(session: CausalSession): CachedTokens {
	let tokens = held.get(session);
	if (tokens?.length !== session.length) {
		// Fed by someone else, or never by us: what it holds is unknown.
		session.truncate(0);
		tokens = [];
		held.set(session, tokens);
	}
	const known = tokens;
	const truncate = (length: number): void => {
		if (length >= known.length) return;
		session.truncate(length);
		known.length = length;
	};
	return {
		get length() {
			return known.length;
		},
		truncate,
		reuse(wanted) {
			const most = Math.min(known.length, wanted.length - 1);
			let common = 0;
			while (common < most && known[common] === wanted[common]) common++;
			truncate(common);
			return known.length;
		},
		async forward(ids, options) {
			const before = known.length;
			try {
				return await session.forward(ids, options);
			} finally {
				// A failed or aborted call may have fed some of the tokens.
				for (const id of ids.slice(0, session.length - before)) known.push(id);
			}
		}
	};
}
