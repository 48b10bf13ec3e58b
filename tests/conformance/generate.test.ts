import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { fixedSpeculation } from '#lib/text/speculation.ts';
import { generate, type GenerateOptions } from '#lib/text/decode.ts';
import { openDecoder } from '../../cli/open-decoder.ts';

// The first test compiles the engine, which takes long on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const ROOT = fileURLToPath(new URL('../fixtures/decoders/', import.meta.url));

/** PyTorch's answer to one prompt. */
interface Expected {
	readonly text: string;
	readonly inputIds: readonly number[];
	readonly greedyIds: readonly number[];
}

const VARIANTS: Readonly<Record<string, string>> = {
	'onnx/model.onnx': 'fp32',
	'onnx/model_fp16.onnx': 'fp16',
	'onnx/model_q4.onnx': 'q4'
};

const GREEDY = { temperature: 0, repetitionPenalty: 1, topK: 0, topP: 1, minP: 0, seed: 0 };

async function expectations(fixture: string): Promise<[string, readonly Expected[]][]> {
	const json: unknown = JSON.parse(await readFile(`${ROOT}${fixture}/expected.json`, 'utf8'));
	return Object.entries((json as { files: Record<string, readonly Expected[]> }).files);
}

describe('tokenizer, decode loop and runtime together', () => {
	it.each(readdirSync(ROOT))("%s writes PyTorch's 32 greedy tokens", async (fixture) => {
		for (const [file, prompts] of await expectations(fixture)) {
			const decoder = await openDecoder(ROOT + fixture, { variant: VARIANTS[file] });
			const { tokenizer, session } = decoder;
			const write = async (prompt: string, options: Partial<GenerateOptions> = {}) => {
				const request = { prompt, settings: GREEDY, maxTokens: 32, stop: [], alternatives: 2 };
				return generate(session, tokenizer, request, { now: () => 0, ...options });
			};
			for (const { text, inputIds, greedyIds } of prompts) {
				const begin = tokenizer.beginId === undefined ? [] : [tokenizer.beginId];
				expect([...begin, ...tokenizer.encode(text)]).toEqual(inputIds);
				const result = await write(text);
				expect(result.tokens.map((token) => token.id)).toEqual(greedyIds);
				expect(result.text).toBe(result.tokens.map((token) => token.text).join(''));
				// Once more on the warm cache, guessing ahead: the same tokens and probabilities.
				const guessing = await write(text, { speculation: fixedSpeculation(3) });
				expect(guessing.reusedTokens).toBe(inputIds.length - 1);
				expect(guessing.tokens.map((token) => token.id)).toEqual(greedyIds);
				guessing.tokens.forEach((token, i) => {
					expect(token.logprob).toBeCloseTo(result.tokens[i]?.logprob ?? NaN, 3);
				});
			}
			await session.dispose();
		}
	});
});

const STORYTELLER = fileURLToPath(new URL('../../static/models/storyteller', import.meta.url));

describe('the bundled model', () => {
	it.each(['fp32', 'int8'])('repeats a sampled text from a warm cache, %s', async (variant) => {
		const { tokenizer, session } = await openDecoder(STORYTELLER, { variant });
		const settings = { ...GREEDY, temperature: 0.8, minP: 0.05, seed: 3 };
		const write = (prompt: string, prefixIds: readonly number[] = []) => {
			const maxTokens = 40 - prefixIds.length;
			const request = { prompt, prefixIds, settings, maxTokens, stop: [], alternatives: 0 };
			return generate(session, tokenizer, request, { now: () => 0 });
		};
		const prompt = 'Words: dog, boat, brave\n\nOnce upon a time there was a little';
		const first = await write(prompt);
		await write(`${prompt} cat who`);
		const again = await write(prompt);
		const ids = ({ tokens }: Awaited<ReturnType<typeof write>>) => tokens.map((token) => token.id);
		expect(ids(again)).toEqual(ids(first));
		const head = ids(first).slice(0, 15);
		expect([...head, ...ids(await write(prompt, head))]).toEqual(ids(first));
		await session.dispose();
	});
});
