import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import type { GenerationRequest, SamplingSettings } from '#lib/core/generation.ts';
import { generate, type DecodeEvent, type GenerateOptions } from './decode.ts';
import { forbidTokens } from './logits-processors/forbid-tokens.ts';
import { adaptiveSpeculation, fixedSpeculation, type SpeculationPolicy } from './speculation.ts';
import { byteFallbackFiles, byteLevelFiles } from './testing/tiny-tokenizers.ts';
import { toySession, type ToyOptions, type ToySession } from './testing/toy-session.ts';
import { createTokenizer } from './tokenizer.ts';

const tokenizer = createTokenizer(byteLevelFiles());
const END = tokenizer.endIds[0] ?? -1;
const BEGIN = tokenizer.beginId ?? -1;

const GREEDY: SamplingSettings = {
	temperature: 0,
	repetitionPenalty: 1,
	topK: 0,
	topP: 1,
	minP: 0,
	seed: 0
};
const SAMPLED: SamplingSettings = { ...GREEDY, temperature: 0.8, topK: 40, topP: 0.95, seed: 11 };

/** A toy model of the tiny tokenizer's vocabulary that never ends by itself. */
function toy(options: Partial<ToyOptions> = {}): ToySession {
	return toySession({
		vocabSize: tokenizer.vocabSize,
		...options,
		override(ids, logits) {
			logits[END] = -Infinity;
			options.override?.(ids, logits);
		}
	});
}

/** A model that says these words and then ends; the prompt is whatever came first. */
function scripted(text: string, options: Partial<ToyOptions> = {}): ToySession {
	const script = tokenizer.encode(text);
	let promptLength: number | undefined;
	return toySession({
		vocabSize: tokenizer.vocabSize,
		...options,
		onForward(cached, fed) {
			promptLength ??= cached.length + fed.length;
			options.onForward?.(cached, fed);
		},
		override(ids, logits) {
			logits[script[ids.length - (promptLength ?? 0)] ?? END] = 20;
		}
	});
}

const request = (overrides: Partial<GenerationRequest> = {}): GenerationRequest => ({
	prompt: 'the cat',
	settings: GREEDY,
	maxTokens: 24,
	stop: [],
	alternatives: 3,
	...overrides
});

const now = () => 0;

async function run(
	session: ToySession,
	overrides: Partial<GenerationRequest> = {},
	options: Partial<GenerateOptions> = {}
) {
	const events: DecodeEvent[] = [];
	const emit = (event: DecodeEvent) => {
		events.push(event);
		options.emit?.(event);
	};
	const result = await generate(session, tokenizer, request(overrides), { now, ...options, emit });
	const emitted = events.flatMap((event) => (event.kind === 'token' ? [event.token] : []));
	expect(emitted).toEqual(result.tokens);
	expect(result.tokens.map((token) => token.text).join('')).toBe(result.text);
	return { ...result, events, ids: result.tokens.map((token) => token.id) };
}

async function failure(work: Promise<unknown>): Promise<StudioError> {
	const error = await work.then(
		() => undefined,
		(reason: unknown) => reason
	);
	expect(error).toBeInstanceOf(StudioError);
	return error as StudioError;
}

describe('the loop', () => {
	it('takes the likeliest token again and again, and records its measures', async () => {
		const session = toy();
		const { ids, tokens, finish, promptTokens } = await run(session);
		expect(finish).toBe('length');
		expect(ids).toHaveLength(24);
		expect(promptTokens).toBe(3);
		for (const token of tokens) {
			expect(token.alternatives).toHaveLength(3);
			expect(token.alternatives[0]?.id).toBe(token.id);
			expect(token.alternatives[0]?.logprob).toBe(token.logprob);
			expect(token.logprob).toBeLessThan(0);
			expect(token.entropy).toBeGreaterThan(0);
		}
	});

	it('feeds each token once', async () => {
		const session = toy();
		const { ids } = await run(session);
		const prompt = [BEGIN, ...tokenizer.encode('the cat')];
		expect(session.calls).toEqual([prompt, ...ids.slice(0, -1).map((id) => [id])]);
	});

	it('emits the prompt as the model sees it before anything is computed', async () => {
		const session = toy();
		const { events } = await run(session, { prompt: 'the cät' });
		const [first] = events;
		expect(first?.kind).toBe('prompt');
		const pieces = first?.kind === 'prompt' ? first.tokens : [];
		expect(pieces[0]).toEqual({ id: BEGIN, text: '' });
		expect(pieces.map((piece) => piece.text).join('')).toBe('the cät');
	});

	it('ends at an end token, which is no part of the result', async () => {
		const { text, finish, ids } = await run(scripted(' sat and the'));
		expect(text).toBe(' sat and the');
		expect(finish).toBe('end');
		expect(ids).not.toContain(END);
	});

	it('begins an empty prompt with the begin token, or else with an end token', async () => {
		const session = toy();
		await run(session, { prompt: '' });
		expect(session.calls[0]).toEqual([BEGIN]);
		const bare = { ...tokenizer, beginId: undefined };
		const other = toy();
		await generate(other, bare, request({ prompt: '' }), { now });
		expect(other.calls[0]).toEqual([END]);
		const nothing = generate(toy(), { ...bare, endIds: [] }, request({ prompt: '' }), { now });
		expect((await failure(nothing)).message).toMatch(/prompt is empty/);
	});

	it('takes odd characters as they come', async () => {
		const prompt = 'a\0b\x1b[31m\ud83d c\u202e';
		const { events, ids } = await run(toy(), { prompt });
		expect(ids).toHaveLength(24);
		const pieces = events[0]?.kind === 'prompt' ? events[0].tokens : [];
		expect(pieces.map((piece) => piece.text).join('')).toBe('a\0b\x1b[31m\ufffd c\u202e');
	});

	it('starts from given ids in place of the prompt', async () => {
		const session = toy();
		await run(session, {}, { promptIds: [BEGIN, 65, 66] });
		expect(session.calls[0]).toEqual([BEGIN, 65, 66]);
	});

	it('measures time on the clock it is given, and pauses between tokens', async () => {
		let time = 0;
		let pauses = 0;
		const session = toy({ onForward: () => void (time += session.length === 0 ? 300 : 50) });
		const pause = async () => void (pauses += 1);
		const result = await run(session, { maxTokens: 5 }, { now: () => time, pause });
		expect(result.timeToFirstTokenMs).toBe(300);
		expect(result.tokensPerSecond).toBeCloseTo(20, 10);
		expect(pauses).toBe(5);
	});

	it('tells how far a long prompt has been read', async () => {
		const session = toy({ contextLength: 2000 });
		const { events } = await run(session, { prompt: 'the '.repeat(350), maxTokens: 1 });
		const progress = events.flatMap((event) => (event.kind === 'progress' ? [event.progress] : []));
		const total = session.calls.flat().length;
		expect(progress.map(({ done }) => done)).toEqual(progress.map((_, i) => 64 * (i + 1)));
		expect(total - (progress.at(-1)?.done ?? 0)).toBeLessThanOrEqual(64);
		expect(progress.every((step) => step.total === total && step.unit === 'tokens')).toBe(true);
	});
});

describe('sampling', () => {
	it('repeats a text for the same seed and differs for another', async () => {
		const text = async (seed: number) =>
			(await run(toy({ order: 6 }), { settings: { ...SAMPLED, seed } })).ids;
		expect(await text(5)).toEqual(await text(5));
		expect(await text(5)).not.toEqual(await text(6));
	});

	it.each([GREEDY, SAMPLED, { ...SAMPLED, repetitionPenalty: 1.3, topP: 1, minP: 0.02 }])(
		'goes on behind a prefix as an unbroken run does: %o',
		async (settings) => {
			const whole = (await run(toy({ order: 5 }), { settings })).ids;
			for (const cut of [1, 7, 23]) {
				const prefixIds = whole.slice(0, cut);
				const rest = await run(toy({ order: 5 }), { settings, prefixIds, maxTokens: 24 - cut });
				expect(rest.ids).toEqual(whole.slice(cut));
			}
		}
	);

	it('completes a character that the prefix began', async () => {
		const [first = -1, second = -1] = tokenizer.encode('é');
		const session = toy({ override: (_, logits) => (logits[second] = 30) });
		const { text } = await run(session, { prefixIds: [first], maxTokens: 1 });
		expect(text).toBe('é');
	});

	it('applies processors without touching the recorded probabilities', async () => {
		const plain = await run(toy(), { maxTokens: 1 });
		const best = plain.ids[0] ?? -1;
		const { tokens } = await run(toy(), { maxTokens: 1 }, { processors: [forbidTokens([best])] });
		expect(tokens[0]?.id).toBe(plain.tokens[0]?.alternatives[1]?.id);
		expect(tokens[0]?.alternatives).toEqual(plain.tokens[0]?.alternatives);
		expect(tokens[0]?.logprob).toBe(plain.tokens[0]?.alternatives[1]?.logprob);
	});

	it('shows processors what came before', async () => {
		const seen: number[][] = [];
		const processors = [
			(_: Float32Array, context: { ids: readonly number[]; promptLength: number }) => {
				seen.push([context.ids.length, context.promptLength]);
			}
		];
		await run(toy(), { maxTokens: 3 }, { processors });
		expect(seen).toEqual([
			[3, 3],
			[4, 3],
			[5, 3]
		]);
	});

	it('says so when processors forbid everything', async () => {
		const processors = [(logits: Float32Array) => void logits.fill(-Infinity)];
		const error = await failure(run(toy(), {}, { processors }));
		expect(error.code).toBe('bad-input');
		expect(error.message).toMatch(/forbid every token/);
	});

	it('says so when the model gives no numbers', async () => {
		const session = toy({ override: (_, logits) => (logits[3] = NaN) });
		expect((await failure(run(session))).code).toBe('bad-model');
	});
});

describe('prefix reuse', () => {
	it('computes only what the cache does not hold', async () => {
		const session = toy();
		const first = await run(session, { prompt: 'the cat' });
		expect(first.reusedTokens).toBe(0);
		const before = session.calls.length;
		const again = await run(session, { prompt: 'the cat sat' });
		expect(again.reusedTokens).toBe(3);
		expect(session.calls[before]).toEqual(tokenizer.encode(' sat'));
		const fresh = await run(toy(), { prompt: 'the cat sat' });
		expect(again.ids).toEqual(fresh.ids);
	});

	it('feeds at least the last token when the whole start is cached', async () => {
		const session = toy();
		const first = await run(session);
		const before = session.calls.length;
		const second = await run(session);
		expect(second.ids).toEqual(first.ids);
		expect(second.reusedTokens).toBe(2);
		expect(session.calls[before]).toHaveLength(1);
	});

	it('gives what a fresh session gives, whatever came before', async () => {
		const prompt = fc.constantFrom('the', 'the cat', 'the cat sat', 'and', '');
		const turn = fc.record({
			prompt,
			maxTokens: fc.nat({ max: 6 }),
			prefixIds: fc.array(fc.nat({ max: 200 }), { maxLength: 3 }),
			guesses: fc.nat({ max: 3 })
		});
		await fc.assert(
			fc.asyncProperty(fc.array(turn, { maxLength: 5 }), async (turns) => {
				const session = toy({ order: 4 });
				for (const { guesses, ...turn } of turns) {
					const settings = SAMPLED;
					const got = await run(
						session,
						{ ...turn, settings },
						{ speculation: fixedSpeculation(guesses) }
					);
					expect(got.ids).toEqual((await run(toy({ order: 4 }), { ...turn, settings })).ids);
				}
			}),
			{ seed: 7, numRuns: 40 }
		);
	});

	it('trusts no cache that someone else has filled', async () => {
		const session = toy();
		await session.forward([1, 2, 3]);
		const { ids, reusedTokens } = await run(session);
		expect(reusedTokens).toBe(0);
		expect(ids).toEqual((await run(toy())).ids);
	});
});

describe('a session whose batches change the logits', () => {
	const inexact = () => toy({ order: 3, batchNoise: 0.05, exactBatches: false });
	const prompt = fc.constantFrom(
		'the',
		'the cat',
		'the cat sat on a mat',
		'the cat sat on a map',
		''
	);
	const turn = fc.record({ prompt, maxTokens: fc.nat({ max: 30 }), cut: fc.nat({ max: 30 }) });

	it('gives the same text whatever the cache holds, and behind a prefix', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(turn, { maxLength: 4 }), async (turns) => {
				const session = inexact();
				for (const { cut, ...overrides } of turns) {
					const settings = SAMPLED;
					const fresh = await run(inexact(), { ...overrides, settings });
					const whole = await run(session, { ...overrides, settings });
					expect(whole.tokens).toEqual(fresh.tokens);
					const prefixIds = fresh.ids.slice(0, cut);
					const maxTokens = fresh.ids.length - prefixIds.length;
					const rest = { ...overrides, settings, prefixIds, maxTokens };
					const guessing = { speculation: fixedSpeculation(3) };
					expect((await run(session, rest, guessing)).ids).toEqual(fresh.ids.slice(cut));
					expect((await run(inexact(), rest)).ids).toEqual(fresh.ids.slice(cut));
				}
			}),
			{ seed: 9, numRuns: 30 }
		);
	});

	it('would not without the fixed pattern', async () => {
		const careless = () => toy({ order: 3, batchNoise: 0.05 });
		const session = careless();
		await run(session, { prompt: 'the cat' });
		const { ids } = await run(session, { prompt: 'the cat sat on a mat' });
		expect(ids).not.toEqual((await run(careless(), { prompt: 'the cat sat on a mat' })).ids);
	});

	it('still computes only what is new', async () => {
		const session = inexact();
		const first = await run(session);
		expect((await run(session)).reusedTokens).toBe(first.promptTokens - 1);
		const before = session.calls.length;
		await run(session, { prefixIds: first.ids, maxTokens: 1 });
		expect(session.calls.length).toBe(before + 1);
	});
});

describe('stop strings', () => {
	it.each([
		['a stop inside one token', ' sat and', ['at'], ' s', 'at'],
		['a stop over several tokens', 'x sat andy', ['sat and'], 'x ', 'sat and'],
		['the stop that ends first', 'abcdef', ['cdef', 'bc'], 'a', 'bc'],
		['a stop at the very start', 'the cat', ['the'], '', 'the'],
		['a stop that begins twice', 'aaab', ['aab'], 'a', 'aab'],
		['a stop with characters over several tokens', 'x🎈y', ['🎈'], 'x', '🎈']
	])('cuts the text before %s', async (_, script, stop, text, stoppedBy) => {
		const result = await run(scripted(script), { stop });
		expect(result.text).toBe(text);
		expect(result.finish).toBe('stop');
		expect(result.stoppedBy).toBe(stoppedBy);
	});

	it('hands out what was held back for nothing', async () => {
		const result = await run(scripted('sat an'), { stop: ['sat and', ''] });
		expect(result.text).toBe('sat an');
		expect(result.finish).toBe('end');
		expect(result).not.toHaveProperty('stoppedBy');
	});

	it('does not depend on how the text is cut into tokens', async () => {
		const words = fc.array(fc.constantFrom('the', ' cat', ' sat', 'and', 'é', '\n', 'a'), {
			maxLength: 10
		});
		const stop = fc.array(fc.constantFrom('t', ' cat', 'the cat', '\n\n', 'é', 'tan', 'sat\n'), {
			maxLength: 2
		});
		await fc.assert(
			fc.asyncProperty(words, stop, async (parts, stops) => {
				const text = parts.join('');
				const ends = stops.flatMap((s) =>
					text.includes(s) ? [[text.indexOf(s) + s.length, s.length] as const] : []
				);
				const first = ends.sort((a, b) => a[0] - b[0] || b[1] - a[1])[0];
				const result = await run(scripted(text), { stop: stops, maxTokens: 60 });
				expect(result.text).toBe(first ? text.slice(0, first[0] - first[1]) : text);
			}),
			{ seed: 8, numRuns: 80 }
		);
	});

	it('emits no token before its text is settled', async () => {
		const emitted: [string, number][] = [];
		const session = scripted('é sat cat');
		await run(
			session,
			{ stop: [' sat!'] },
			{
				emit: (event) => {
					if (event.kind === 'token') emitted.push([event.token.text, session.calls.length]);
				}
			}
		);
		expect(emitted).toEqual([
			['', 2],
			['é', 2],
			[' sat', 4],
			[' cat', 4]
		]);
	});
});

describe('limits', () => {
	it('stops when the context is full', async () => {
		const session = toy({ contextLength: 10 });
		const { finish, ids } = await run(session);
		expect(finish).toBe('context');
		expect(ids).toHaveLength(7);
	});

	it('refuses a prompt that leaves no room, with both numbers', async () => {
		const error = await failure(run(toy({ contextLength: 3 })));
		expect(error.code).toBe('bad-input');
		expect(error.message).toMatch(/3 tokens.*holds 3/);
		expect(error.hint).toMatch(/at least 1 token/);
	});

	it('refuses a prompt of 100,000 characters and stays usable', async () => {
		const session = toy();
		const error = await failure(run(session, { prompt: 'the cat '.repeat(12_500) }));
		expect(error.message).toMatch(/37501 tokens.*holds 512/);
		expect((await run(session)).ids).toHaveLength(24);
	});

	it('generates nothing for zero tokens', async () => {
		expect(await run(toy(), { maxTokens: 0 })).toMatchObject({ text: '', finish: 'length' });
	});

	it.each<[string, Partial<GenerationRequest>]>([
		['temperature', { settings: { ...GREEDY, temperature: -1 } }],
		['temperature', { settings: { ...GREEDY, temperature: NaN } }],
		['topK', { settings: { ...GREEDY, topK: 1.5 } }],
		['topP', { settings: { ...GREEDY, topP: 0 } }],
		['minP', { settings: { ...GREEDY, minP: 2 } }],
		['repetitionPenalty', { settings: { ...GREEDY, repetitionPenalty: 0 } }],
		['seed', { settings: { ...GREEDY, seed: Infinity } }],
		['maxTokens', { maxTokens: -1 }],
		['alternatives', { alternatives: 0.5 }],
		['token', { prefixIds: [1_000_000] }]
	])('refuses a bad %s', async (name, overrides) => {
		const error = await failure(run(toy(), overrides));
		expect(error.code).toBe('bad-input');
		expect(error.message).toContain(name);
	});

	it('refuses a tokenizer that does not belong to the model', async () => {
		const error = await failure(run(toySession({ vocabSize: 100 }), { prompt: 'the cat' }));
		expect(error.code).toBe('bad-model');
	});
});

describe('abort and failure', () => {
	it('stops within one token and keeps what there is', async () => {
		const controller = new AbortController();
		const session = toy({
			onForward: (cached) => {
				if (cached.length >= 8) controller.abort();
			}
		});
		const { finish, ids } = await run(session, {}, { signal: controller.signal });
		expect(finish).toBe('aborted');
		expect(ids).toHaveLength(6);
	});

	it('computes nothing when it is aborted before it begins', async () => {
		const session = toy();
		const { finish, text } = await run(session, {}, { signal: AbortSignal.abort() });
		expect([finish, text, session.calls.length]).toEqual(['aborted', '', 0]);
	});

	it('resumes on a fresh session after the device was lost, to the same text', async () => {
		const whole = (await run(toy({ order: 5 }), { settings: SAMPLED })).ids;
		const dying = toy({
			order: 5,
			onForward: (cached) => {
				if (cached.length === 12) throw new StudioError('device-lost', 'gone', 'again');
			}
		});
		const kept: number[] = [];
		const emit = (event: DecodeEvent) => {
			if (event.kind === 'token') kept.push(event.token.id);
		};
		const error = await failure(
			generate(dying, tokenizer, request({ settings: SAMPLED }), { now, emit })
		);
		expect(error.code).toBe('device-lost');
		expect(kept.length).toBeGreaterThan(5);
		const rest = await run(toy({ order: 5 }), {
			settings: SAMPLED,
			prefixIds: kept,
			maxTokens: 24 - kept.length
		});
		expect([...kept, ...rest.ids]).toEqual(whole);
	});
});

describe('speculation', () => {
	const long = { maxTokens: 150 };

	it.each([GREEDY, { ...SAMPLED, temperature: 0.15 }, SAMPLED])(
		'gives exactly the text without it, in fewer passes where the text repeats: %o',
		async (settings) => {
			for (const guesses of [1, 3, 8]) {
				const plain = toy({ order: 1 });
				const guessing = toy({ order: 1 });
				const expected = await run(plain, { ...long, settings });
				const got = await run(
					guessing,
					{ ...long, settings },
					{ speculation: fixedSpeculation(guesses) }
				);
				expect(got.tokens).toEqual(expected.tokens);
				if (settings.temperature === 0) {
					expect(guessing.calls.length).toBeLessThan(0.7 * plain.calls.length);
				}
				expect(guessing.tokens.slice(0, 3)).toEqual(plain.tokens.slice(0, 3));
				expect(guessing.tokens.length).toBeLessThanOrEqual(plain.tokens.length + 1);
			}
		}
	);

	it('ends where the loop without it ends: stop string, end token, context', async () => {
		const speculation = fixedSpeculation(4);
		const text = 'the cat sat the cat sat the cat and';
		const stop = ['sat the cat!'];
		expect(await run(scripted(text), { stop, maxTokens: 60 }, { speculation })).toMatchObject({
			text: 'the cat sat the cat sat the cat and',
			finish: 'end'
		});
		expect(
			await run(scripted(text), { stop: [' cat and'], maxTokens: 60 }, { speculation })
		).toMatchObject({ text: 'the cat sat the cat sat the', finish: 'stop' });
		const full = await run(toy({ contextLength: 40, order: 1 }), long, { speculation });
		expect(full).toMatchObject({ finish: 'context' });
		expect(full.ids).toHaveLength(37);
	});

	it('is given up when a trial shows that batches change the logits', async () => {
		const session = toy({ order: 1, batchNoise: 0.01 });
		const plain = toy({ order: 1, batchNoise: 0.01 });
		const expected = await run(plain, long);
		const got = await run(session, long, { speculation: fixedSpeculation(4) });
		expect(got.tokens).toEqual(expected.tokens);
		expect(session.calls.length).toBe(plain.calls.length + 2);
	});

	it.each([
		['pays', 1.1, true],
		['does not pay', 9, false]
	])('adapts: a batch that %s', async (_, cost, worth) => {
		let time = 0;
		const clocked = (options: Partial<ToyOptions>) =>
			toy({ ...options, onForward: (_, fed) => void (time += fed.length > 1 ? 10 * cost : 10) });
		const observed: number[] = [];
		const policy = adaptiveSpeculation();
		const speculation: SpeculationPolicy = {
			draftLength: () => policy.draftLength(),
			observe(step) {
				observed.push(step.drafted);
				policy.observe(step);
			}
		};
		await run(clocked({ order: 1 }), long, { now: () => time, speculation });
		const guessed = observed.filter((drafted) => drafted > 0).length;
		if (worth) expect(guessed).toBeGreaterThan(observed.length / 3);
		else expect(guessed).toBeLessThan(observed.length / 4);
	});
});

describe('a SentencePiece vocabulary', () => {
	const llama = createTokenizer(byteFallbackFiles('llama'));

	it('keeps the space of the first generated word', async () => {
		const cat = llama.encode('the cat').at(-1) ?? -1;
		const session = toySession({
			vocabSize: llama.vocabSize,
			override: (_, logits) => (logits[cat] = 30)
		});
		const result = await generate(session, llama, request({ prompt: 'the', maxTokens: 2 }), {
			now
		});
		expect(result.text).toBe(' cat cat');
		const empty = await generate(session, llama, request({ prompt: '', maxTokens: 2 }), { now });
		expect(empty.text).toBe('cat cat');
	});
});
