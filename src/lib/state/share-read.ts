import type { Provider } from '#lib/core/device.ts';
import { StudioError } from '#lib/core/errors.ts';
import type { TokenAlternative, TokenPiece } from '#lib/core/generation.ts';
import type { Passage, PassageModel, PassageRun, PassageToken } from '#lib/core/passage.ts';
import { settingsProblems } from './presets-validate.ts';
import { AUTHORS, FINISHES } from './share-format.ts';

/** The error of a link that decompresses but does not hold a passage. */
function malformed(what: string): StudioError {
	return new StudioError(
		'bad-input',
		`The link is not a Vitrine text: ${what}.`,
		'Ask for the link again, and copy it whole.'
	);
}

/**
 * Reads the compact form of a passage, checking every value: a link comes from anywhere.
 * @throws StudioError `bad-input` naming the first thing that is wrong
 */
export function readPassage(value: unknown): Passage {
	if (typeof value !== 'object' || value === null) throw malformed('it holds no record');
	const { p, w, m, t, r } = value as Record<string, unknown>;
	const words = rows(w, 'words').map(readWord);
	const models = rows(m, 'models').map(readModel);
	const tokens = rows(t, 'tokens').map((row) => readToken(row, words));
	const runs = rows(r, 'runs').map((row) => readRun(row, models));
	checkRuns(runs, tokens);
	return { prompt: string(p, 'the prompt'), tokens, runs };
}

function readWord(row: readonly unknown[]): TokenPiece {
	return { id: natural(row[0], 'a token id'), text: string(row[1], 'a token text') };
}

function readModel(row: readonly unknown[]): PassageModel {
	const [id, title, variant, provider, device] = row.map((cell) => string(cell, 'a model name'));
	if (provider !== 'webgpu' && provider !== 'wasm') throw malformed('its device is unknown');
	if (!id || title === undefined || !variant || device === undefined) {
		throw malformed('its model has no name');
	}
	return { id, title, variant, provider: provider satisfies Provider, device };
}

function readToken(row: readonly unknown[], words: readonly TokenPiece[]): PassageToken {
	const by = AUTHORS[natural(row[0], 'an author')];
	if (!by) throw malformed('a token has an unknown author');
	const piece = at(words, row[1], 'a token');
	if (by === 'person') return { ...piece, by };
	const alternatives: TokenAlternative[] = [];
	for (let i = 4; i < row.length; i += 2) {
		alternatives.push({ ...at(words, row[i], 'an alternative'), logprob: logprob(row[i + 1]) });
	}
	const entropy = number(row[3], 'an entropy') / 1000;
	if (entropy < 0) throw malformed('an entropy is negative');
	return { ...piece, by, logprob: logprob(row[2]), entropy, alternatives };
}

function readRun(row: readonly unknown[], models: readonly PassageModel[]): PassageRun {
	const cell = (index: number): number => number(row[index], 'a setting');
	const finish = FINISHES[natural(row[10], 'a reason to end')];
	if (!finish) throw malformed('a run ends for an unknown reason');
	const stop = row.slice(15).map((text) => string(text, 'a stop string'));
	const [temperature, repetitionPenalty, topK] = [cell(3), cell(4), cell(5)];
	const [topP, minP, seed] = [cell(6), cell(7), cell(8)];
	const settings = { temperature, repetitionPenalty, topK, topP, minP, seed };
	const maxTokens = cell(9);
	const problem = settingsProblems({ ...settings, maxTokens, stop })[0];
	if (problem) throw malformed(problem.replace(/\.$/, ''));
	return {
		from: natural(row[0], 'a run'),
		count: natural(row[1], 'a run'),
		model: at(models, row[2], 'a model'),
		settings,
		maxTokens,
		stop,
		finish,
		promptTokens: natural(row[11], 'a count'),
		reusedTokens: natural(row[12], 'a count'),
		tokensPerSecond: cell(13),
		timeToFirstTokenMs: cell(14)
	};
}

function checkRuns(runs: readonly PassageRun[], tokens: readonly PassageToken[]): void {
	let end = 0;
	for (const { from, count } of runs) {
		if (from < end || from + count > tokens.length)
			throw malformed('its runs do not fit its tokens');
		if (tokens.slice(from, from + count).some(({ by }) => by !== 'model')) {
			throw malformed('a run claims a token that a person wrote');
		}
		end = from + count;
	}
}

function rows(value: unknown, what: string): (readonly unknown[])[] {
	if (!Array.isArray(value) || !value.every((row) => Array.isArray(row))) {
		throw malformed(`its ${what} are not a list`);
	}
	return value;
}

function at<T>(list: readonly T[], index: unknown, what: string): T {
	const item = list[natural(index, what)];
	if (item === undefined) throw malformed(`${what} points outside its table`);
	return item;
}

function string(value: unknown, what: string): string {
	if (typeof value !== 'string') throw malformed(`${what} is not text`);
	return value;
}

function number(value: unknown, what: string): number {
	if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(`${what} is no number`);
	return value;
}

function natural(value: unknown, what: string): number {
	const read = number(value, what);
	if (!Number.isSafeInteger(read) || read < 0) throw malformed(`${what} is no whole number`);
	return read;
}

function logprob(value: unknown): number {
	const read = number(value, 'a probability') / 1000;
	if (read > 0) throw malformed('a probability is above 1');
	return read;
}
