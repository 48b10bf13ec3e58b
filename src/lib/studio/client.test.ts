import { describe, expect, it, vi } from 'vitest';
import type { DeviceReport, Provider } from '#lib/core/device.ts';
import { StudioError } from '#lib/core/errors.ts';
import type { GenerationRequest, GenerationResult, TokenRecord } from '#lib/core/generation.ts';
import type { Notice } from '#lib/core/notice.ts';
import type { GenerationEvent, StudioApi } from './api.ts';
import { StudioClient } from './client.ts';
import type { EngineHandle } from './supervisor.ts';

const report = (provider: Provider): DeviceReport => ({
	provider,
	name: provider,
	threads: 1,
	crossOriginIsolated: false,
	features: [],
	limits: {},
	memoryGiB: undefined,
	fallbackReason: undefined
});

const token = (id: number): TokenRecord => ({
	id,
	text: `t${id} `,
	logprob: -1,
	alternatives: [],
	entropy: 1
});

const request: GenerationRequest = {
	prompt: 'Once',
	settings: { temperature: 0, repetitionPenalty: 1, topK: 0, topP: 1, minP: 0, seed: 1 },
	maxTokens: 5,
	stop: [],
	alternatives: 0
};

const unused = (): never => {
	throw new Error('not part of this test');
};

/** A fake worker that counts up from the prefix and fails where it is told to. */
function engine(options: { failStart?: StudioError; dieAfter?: number } = {}) {
	let crash: (error: StudioError) => void = () => undefined;
	let provider: Provider = 'wasm';
	const api: StudioApi = {
		start: async (config) => {
			if (options.failStart) throw options.failStart;
			provider = config.provider;
			return { ...report(provider), fallbackReason: config.fallbackReason };
		},
		listModels: async () => [],
		installModel: unused,
		importModel: unused,
		verifyModel: unused,
		removeModel: unused,
		storage: unused,
		loadModel: unused,
		tokenize: unused,
		appendHistory: unused,
		listHistory: unused,
		removeHistory: unused,
		clearHistory: unused,
		usedFiles: unused,
		cancel: async () => undefined,
		generate: async (_run, _choice, wanted, emit: (event: GenerationEvent) => void) => {
			const first = (wanted.prefixIds ?? []).length;
			const tokens: TokenRecord[] = [];
			for (let i = 0; i < wanted.maxTokens; i++) {
				if (options.dieAfter === i) {
					crash(new StudioError('device-lost', 'The GPU went away.', ''));
					await new Promise(() => undefined);
				}
				tokens.push(token(first + i));
				emit({ kind: 'token', token: token(first + i) });
				await Promise.resolve();
			}
			const result: GenerationResult = {
				text: tokens.map(({ text }) => text).join(''),
				tokens,
				promptTokens: 1,
				reusedTokens: 0,
				finish: 'length',
				tokensPerSecond: 1,
				timeToFirstTokenMs: 1
			};
			return result;
		}
	} as StudioApi;
	const terminate = vi.fn();
	const handle: EngineHandle = { api, onCrash: (listener) => (crash = listener), terminate };
	return { handle, terminate };
}

function clientOver(engines: ReturnType<typeof engine>[], providers: Provider[]) {
	const spawned: number[] = [];
	const client = new StudioClient({
		spawn: () => {
			const next = engines[spawned.length];
			if (!next) throw new Error('more workers than expected');
			spawned.push(spawned.length);
			return next.handle;
		},
		providers,
		baseUrl: 'http://localhost/',
		persist: false
	});
	const notices: Notice[] = [];
	client.onNotice((notice) => notices.push(notice));
	return { client, notices, spawned };
}

describe('StudioClient', () => {
	it('goes on with the next provider behind the tokens it has when the device is lost', async () => {
		const first = engine({ dieAfter: 2 });
		const second = engine();
		const { client, notices } = clientOver([first, second], ['webgpu', 'wasm']);
		const seen: number[] = [];
		const result = await client.generate({ id: 'm' }, request, {
			onEvent: (event) => event.kind === 'token' && seen.push(event.token.id)
		});
		expect(seen).toEqual([0, 1, 2, 3, 4]);
		expect(result.tokens.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
		expect(result.text).toBe('t0 t1 t2 t3 t4 ');
		expect(first.terminate).toHaveBeenCalledOnce();
		expect(notices).toHaveLength(1);
		expect(notices[0]).toMatchObject({ kind: 'fallback' });
		expect(await client.device()).toMatchObject({
			provider: 'wasm',
			fallbackReason: 'The GPU went away.'
		});
	});

	it('delivers every token before the result, even those that the result overtook', async () => {
		const only = engine();
		const { generate } = only.handle.api;
		only.handle.api.generate = (run, choice, wanted, emit) =>
			generate(run, choice, wanted, (event) => {
				const id = event.kind === 'token' ? event.token.id : 0;
				if (id < 2) emit(event);
				else setTimeout(() => emit(event), 5);
			});
		const { client } = clientOver([only], ['wasm']);
		const seen: number[] = [];
		await client.generate({ id: 'm' }, request, {
			onEvent: (event) => event.kind === 'token' && seen.push(event.token.id)
		});
		expect(seen).toEqual([0, 1, 2, 3, 4]);
		await new Promise((resolve) => setTimeout(resolve, 20));
		expect(seen).toHaveLength(5);
	});

	it('takes the next provider silently when the first is simply not there', async () => {
		const missing = new StudioError('unsupported', 'No GPU adapter.', '');
		const { client, notices } = clientOver(
			[engine({ failStart: missing }), engine()],
			['webgpu', 'wasm']
		);
		expect(await client.device()).toMatchObject({
			provider: 'wasm',
			fallbackReason: 'No GPU adapter.'
		});
		expect(notices).toEqual([]);
	});

	it('passes on errors that are about the request and keeps the worker', async () => {
		const only = engine();
		only.handle.api.generate = async () => {
			throw new StudioError('bad-input', 'too long', 'shorten it');
		};
		const { client } = clientOver([only], ['wasm']);
		await expect(client.generate({ id: 'm' }, request)).rejects.toMatchObject({
			code: 'bad-input',
			hint: 'shorten it'
		});
		expect(only.terminate).not.toHaveBeenCalled();
	});

	it('reports a failure of the last provider and starts a fresh worker for the next call', async () => {
		const { client, notices, spawned } = clientOver([engine({ dieAfter: 1 }), engine()], ['wasm']);
		await expect(client.generate({ id: 'm' }, request)).rejects.toMatchObject({
			code: 'device-lost'
		});
		expect(notices[0]).toMatchObject({ kind: 'error' });
		await expect(client.generate({ id: 'm' }, request)).resolves.toMatchObject({
			finish: 'length'
		});
		expect(spawned).toHaveLength(2);
	});

	it('does not start a job whose signal has fired', async () => {
		const { client } = clientOver([engine()], ['wasm']);
		const signal = AbortSignal.abort();
		await expect(client.generate({ id: 'm' }, request, { signal })).rejects.toMatchObject({
			code: 'aborted'
		});
	});
});
