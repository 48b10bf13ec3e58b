import type { CausalSession, ForwardOptions } from '#lib/core/causal.ts';
import type { FeedingPlan } from './feeding-plan.ts';

/** What a session's cache holds: the session itself knows only how many tokens. */
interface Held {
	readonly tokens: number[];
	/** How many tokens were fed together with each token, itself included, and which of them it was. */
	readonly passes: { readonly length: number; readonly index: number }[];
}

const held = new WeakMap<CausalSession, Held>();

/** A session together with the tokens in its cache. Nothing else should feed the session. */
export interface CachedTokens {
	readonly length: number;
	/**
	 * Keeps the longest common beginning of the cache and a wanted sequence, and forgets the rest.
	 * The last wanted token is never kept, as it must be fed for its logits.
	 * @param plan the passes that the sequence must have been fed in to be kept; any when absent
	 * @returns how many tokens were kept
	 */
	reuse(wanted: readonly number[], plan?: FeedingPlan): number;
	/** Forgets everything from position `length` on. */
	truncate(length: number): void;
	/** Feeds tokens. @returns logits `[options.logitsFor, vocab]` */
	forward(ids: readonly number[], options?: ForwardOptions): Promise<Float32Array>;
}

/** The cache of a session as earlier generations left it. */
export function cachedTokens(session: CausalSession): CachedTokens {
	const { tokens, passes } = heldBy(session);
	const truncate = (length: number): void => {
		if (length >= tokens.length) return;
		session.truncate(length);
		tokens.length = length;
		passes.length = length;
	};
	return {
		get length() {
			return tokens.length;
		},
		truncate,
		reuse(wanted, plan) {
			const most = Math.min(tokens.length, wanted.length - 1);
			let common = 0;
			while (common < most && tokens[common] === wanted[common]) common++;
			truncate(plan === undefined ? common : asPlanned(passes, plan, common));
			return tokens.length;
		},
		async forward(ids, options) {
			const before = tokens.length;
			try {
				return await session.forward(ids, options);
			} finally {
				// A failed or aborted call may have fed some of the tokens.
				ids.slice(0, session.length - before).forEach((id, index) => {
					tokens.push(id);
					passes.push({ length: ids.length, index });
				});
			}
		}
	};
}

function heldBy(session: CausalSession): Held {
	const known = held.get(session);
	if (known?.tokens.length === session.length) return known;
	// Fed by someone else, or never by us: what it holds is unknown.
	session.truncate(0);
	const empty: Held = { tokens: [], passes: [] };
	held.set(session, empty);
	return empty;
}

/** How many of the first `common` tokens came in whole passes of the plan. */
function asPlanned(passes: Held['passes'], plan: FeedingPlan, common: number): number {
	for (let kept = 0; ;) {
		const length = plan(kept);
		const [first, last] = [passes[kept], passes[kept + length - 1]];
		const same = first?.length === length && first.index === 0 && last?.index === length - 1;
		if (kept + length > common || !same) return kept;
		kept += length;
	}
}
