import type { Passage, PassageModel, PassageRun, PassageToken } from '#lib/core/passage.ts';
import { DEFAULT_SETTINGS } from './presets.ts';

/** A model for tests. */
export const TEST_MODEL: PassageModel = {
	id: 'storyteller',
	title: 'Storyteller',
	variant: 'fp32',
	provider: 'wasm',
	device: 'WebAssembly, 1 thread'
};

/** A model's token whose id is derived from its text, with one alternative. */
export function testToken(text: string, probability = 0.5): PassageToken {
	const id = [...text].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
	return {
		by: 'model',
		id,
		text,
		logprob: Math.log(probability),
		entropy: 1.25,
		alternatives: [
			{ id, text, logprob: Math.log(probability) },
			{ id: id + 1, text: `${text}*`, logprob: Math.log(probability / 2) }
		]
	};
}

/** A run of the test model. */
export function testRun(from: number, count: number): PassageRun {
	const { maxTokens, stop, ...settings } = DEFAULT_SETTINGS;
	return {
		from,
		count,
		model: TEST_MODEL,
		settings,
		maxTokens,
		stop,
		finish: 'length',
		promptTokens: 3,
		reusedTokens: 0,
		tokensPerSecond: 12.5,
		timeToFirstTokenMs: 80
	};
}

/** A passage of one run over these token texts. */
export function testPassage(texts: readonly string[], prompt = 'Once'): Passage {
	return {
		prompt,
		tokens: texts.map((text) => testToken(text)),
		runs: texts.length === 0 ? [] : [testRun(0, texts.length)]
	};
}
