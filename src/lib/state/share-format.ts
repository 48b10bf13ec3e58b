import type { FinishReason, TokenAlternative } from '#lib/core/generation.ts';
import type { Passage, PassageModel, PassageRun, PassageToken } from '#lib/core/passage.ts';

/** A row of a compact record; {@link readPassage} checks every cell. */
type Row = readonly unknown[];

/** A passage as arrays and a table of words: small before compression, smaller after. */
export interface CompactPassage {
	/** Prompt. */
	readonly p: string;
	/** Distinct (id, text) pairs. */
	readonly w: readonly Row[];
	/** Distinct models. */
	readonly m: readonly Row[];
	/** Tokens: author, word, then log-probability, entropy (both in thousandths), alternatives. */
	readonly t: readonly Row[];
	/** Runs. */
	readonly r: readonly Row[];
}

export const AUTHORS = ['model', 'choice', 'person'] as const satisfies PassageToken['by'][];
export const FINISHES = [
	'end',
	'length',
	'context',
	'stop',
	'aborted',
	'failed'
] as const satisfies (FinishReason | 'failed')[];

/** Numbers distinct values in the order they come. */
class Table {
	readonly rows: Row[] = [];
	readonly #index = new Map<string, number>();

	indexOf(row: Row): number {
		const key = JSON.stringify(row);
		const known = this.#index.get(key);
		if (known !== undefined) return known;
		this.#index.set(key, this.rows.length);
		return this.rows.push(row) - 1;
	}
}

/**
 * Packs a passage for a link. Log-probabilities and entropies keep three decimals (nats).
 * @param alternatives how many alternatives of each token to keep, best first
 */
export function packPassage(passage: Passage, alternatives: number): CompactPassage {
	const words = new Table();
	const models = new Table();
	const t = passage.tokens.map((token) => packToken(token, words, alternatives));
	const r = passage.runs.map((run) => packRun(run, models));
	return { p: passage.prompt, w: words.rows, m: models.rows, t, r };
}

function packToken(token: PassageToken, words: Table, alternatives: number): Row {
	const head = [AUTHORS.indexOf(token.by), words.indexOf([token.id, token.text])];
	if (token.by === 'person') return head;
	const others = token.alternatives
		.slice(0, alternatives)
		.flatMap((other: TokenAlternative) => [
			words.indexOf([other.id, other.text]),
			thousandths(other.logprob)
		]);
	return [...head, thousandths(token.logprob), thousandths(token.entropy), ...others];
}

function packRun(run: PassageRun, models: Table): Row {
	const { settings } = run;
	return [
		run.from,
		run.count,
		models.indexOf(packModel(run.model)),
		settings.temperature,
		settings.repetitionPenalty,
		settings.topK,
		settings.topP,
		settings.minP,
		settings.seed,
		run.maxTokens,
		FINISHES.indexOf(run.finish),
		run.promptTokens,
		run.reusedTokens,
		Math.round(run.tokensPerSecond * 10) / 10,
		Math.round(run.timeToFirstTokenMs),
		...run.stop
	];
}

function packModel({ id, title, variant, provider, device }: PassageModel): Row {
	return [id, title, variant, provider, device];
}

/** A log-probability of −∞ has no JSON; −1000 nats is as good as none. */
function thousandths(nats: number): number {
	return Number.isFinite(nats) ? Math.round(nats * 1000) : -1_000_000;
}
