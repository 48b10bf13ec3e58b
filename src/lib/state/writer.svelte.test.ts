import { describe, expect, it } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import { History } from './history.svelte.ts';
import { FakeEngine } from './writer-fake.ts';
import { passageText } from './writer-passage.ts';
import { Writer } from './writer.svelte.ts';

function setUp() {
	const engine = new FakeEngine();
	const history = new History({ store: async () => engine.history, clock: () => 1000 });
	const frames: (() => void)[] = [];
	const writer = new Writer({
		engine: async () => engine,
		onFinished: (passage, kind) => void history.keep(passage, kind),
		now: () => 0,
		schedule: (callback) => void frames.push(callback)
	});
	writer.settings.set({ maxTokens: 3 });
	return { engine, history, frames, writer, text: () => passageText(writer.passage) };
}

describe('Writer', () => {
	it('generates behind the prompt and tells how it ended', async () => {
		const { engine, writer, text } = setUp();
		writer.prompt = 'Once';
		await writer.generate();
		expect(text()).toBe(' w0s1 w1s1 w2s1');
		expect(writer.state).toMatchObject({ kind: 'done', run: { finish: 'length', count: 3 } });
		expect(engine.requests[0]?.request).toMatchObject({
			prompt: 'Once',
			prefixIds: [],
			maxTokens: 3
		});
		expect(writer.model.loaded?.variant).toBe('fp32');
	});

	it('takes the next seed for the next text, unless the seed is kept', async () => {
		const { writer, text } = setUp();
		await writer.generate();
		await writer.generate();
		expect(text()).toBe(' w0s2 w1s2 w2s2');
		writer.settings.set({ seed: 7 });
		await writer.generate();
		const first = text();
		await writer.generate();
		expect(text()).toBe(first);
		expect(first).toContain('s7');
		await writer.regenerate();
		expect(text()).toContain('s8');
	});

	it('continues behind all tokens and regenerates only the last stretch', async () => {
		const { engine, writer, text } = setUp();
		await writer.generate();
		await writer.continue();
		expect(engine.requests[1]?.request.prefixIds).toEqual([1, 101, 201]);
		expect(text()).toBe(' w0s1 w1s1 w2s1 w3s1 w4s1 w5s1');
		await writer.regenerate();
		expect(text()).toBe(' w0s1 w1s1 w2s1 w3s2 w4s2 w5s2');
		expect(writer.branch.at).toBe(3);
	});

	it('takes a branch: the prefix stays, the token is replaced, the rest is new', async () => {
		const { engine, writer, text } = setUp();
		await writer.generate();
		await writer.takeBranch(1, { id: 151, text: ' w1s1?', logprob: -2 });
		expect(engine.requests[1]?.request.prefixIds).toEqual([1, 151]);
		expect(text()).toBe(' w0s1 w1s1? w2s1 w3s1 w4s1');
		expect(writer.passage.tokens.map(({ by }) => by)).toEqual([
			'model',
			'choice',
			'model',
			'model',
			'model'
		]);
	});

	it('undoes and redoes over versions, and leaves a changed prompt alone', async () => {
		const { writer, text } = setUp();
		writer.prompt = 'A';
		await writer.generate();
		writer.prompt = 'B';
		await writer.generate();
		writer.undo();
		expect([writer.prompt, text()]).toEqual(['A', ' w0s1 w1s1 w2s1']);
		writer.prompt = 'typed meanwhile';
		writer.redo();
		expect([writer.prompt, text()]).toEqual(['typed meanwhile', ' w0s2 w1s2 w2s2']);
		expect([writer.canUndo, writer.canRedo]).toEqual([true, false]);
	});

	it('keeps an edit with the probabilities of what was not touched', async () => {
		const { engine, writer, text } = setUp();
		await writer.generate();
		expect(await writer.keepEdit(' w0s1 and the dog')).toBe(true);
		expect(text()).toBe(' w0s1 and the dog');
		expect(writer.passage.tokens.map(({ by }) => by)).toEqual([
			'model',
			'person',
			'person',
			'person'
		]);
		await writer.continue();
		expect(engine.requests[1]?.request.prefixIds).toEqual([1, 1004, 1004, 1004]);
	});

	it('hands tokens to the page once a frame', async () => {
		const { engine, frames, writer, text } = setUp();
		let seen = '';
		engine.trouble = {
			at: 2,
			act: () => {
				expect(frames).toHaveLength(1);
				expect(text()).toBe('');
				frames[0]?.();
				seen = text();
			}
		};
		await writer.generate();
		expect(seen).toBe(' w0s1 w1s1');
	});

	it('stops and keeps what was written', async () => {
		const { engine, writer, text } = setUp();
		engine.trouble = { at: 1, act: () => writer.stop() };
		await writer.generate();
		expect(writer.state).toMatchObject({ kind: 'done', run: { finish: 'aborted' } });
		expect(text()).toBe(' w0s1 w1s1');
	});

	it('stops while the model loads, without an error', async () => {
		const { writer, text } = setUp();
		const running = writer.generate();
		writer.stop();
		await running;
		expect([writer.state.kind, text()]).toEqual(['idle', '']);
	});

	it('keeps the text of a run that fails, and says why', async () => {
		const { engine, writer, text } = setUp();
		engine.trouble = {
			at: 2,
			act: () => {
				throw new StudioError('device-lost', 'The GPU went away.', 'Continue.');
			}
		};
		await writer.generate();
		expect(writer.state).toMatchObject({
			kind: 'failed',
			error: { message: 'The GPU went away.' }
		});
		expect(text()).toBe(' w0s1 w1s1');
		expect(writer.passage.runs[0]?.finish).toBe('failed');
		engine.trouble = undefined;
		await writer.continue();
		expect(text()).toBe(' w0s1 w1s1 w2s1 w3s1 w4s1');
	});

	it('keeps prompt and text when the engine refuses a prompt', async () => {
		const { writer, text } = setUp();
		await writer.generate();
		writer.prompt = 'x'.repeat(1001);
		await writer.generate();
		expect(writer.state).toMatchObject({ kind: 'failed', error: { code: 'bad-input' } });
		expect(writer.prompt).toHaveLength(1001);
		expect(text()).toBe(' w0s1 w1s1 w2s1');
	});

	it('refuses settings that cannot run with a sentence, and asks nothing of the engine', async () => {
		const { engine, writer } = setUp();
		writer.settings.set({ temperature: 9 });
		await writer.generate();
		expect(writer.state).toMatchObject({
			kind: 'failed',
			error: { message: 'Temperature must be a number from 0 to 2; this is 9.' }
		});
		expect(engine.requests).toHaveLength(0);
	});

	it('asks again what is loaded after the engine moved to another device', async () => {
		const { engine, writer } = setUp();
		engine.trouble = {
			at: 1,
			act: () => engine.notify({ kind: 'fallback', message: 'GPU failed', hint: '' })
		};
		await writer.generate();
		expect(engine.loads).toHaveLength(2);
	});
});

describe('a shared text', () => {
	it('opens without an engine, marked as recorded, with its settings', async () => {
		const { writer } = setUp();
		writer.settings.set({ seed: 5, temperature: 1.25 });
		await writer.generate();
		const link = await writer.share();
		const other = new Writer({
			engine: () => Promise.reject(new Error('must not be opened'))
		});
		expect(await other.openShared(`#${link}`)).toBe(true);
		expect(other.branch.kind).toBe('recorded');
		expect(passageText(other.passage)).toBe(passageText(writer.passage));
		expect(other.settings.value).toMatchObject({ seed: 5, temperature: 1.25, maxTokens: 3 });
		expect(other.settings.keepsSeed).toBe(true);
	});

	it('says what is wrong with a damaged link, and stays usable', async () => {
		const { writer } = setUp();
		expect(await writer.openShared('#s=1.AAAA')).toBe(false);
		expect(writer.state).toMatchObject({ kind: 'failed', error: { code: 'bad-input' } });
		await writer.generate();
		expect(writer.state.kind).toBe('done');
	});

	it('is reproduced run by run, over branches and edits', async () => {
		const { engine, writer } = setUp();
		await writer.generate();
		await writer.takeBranch(1, { id: 151, text: ' w1s1?', logprob: -2 });
		await writer.keepEdit(' w0s1 w1s1? w2s1 and');
		await writer.continue();
		await writer.openShared(await writer.share());
		engine.requests.length = 0;
		await writer.runHere();
		expect(writer.state).toMatchObject({
			kind: 'checked',
			verdict: { kind: 'reproduced', tokens: 5 }
		});
		expect(engine.requests.map(({ request }) => request.prefixIds?.length)).toEqual([0, 2, 4]);
		expect(engine.requests[0]?.choice).toEqual({ id: 'storyteller', variant: 'fp32' });
	});

	it('shows where another device differs', async () => {
		const { engine, writer } = setUp();
		await writer.generate();
		await writer.openShared(await writer.share());
		engine.offset = 7;
		await writer.runHere();
		expect(writer.state).toMatchObject({ kind: 'checked', verdict: { kind: 'differs', at: 0 } });
	});
});

describe('History', () => {
	it('keeps every text once, and a continuation in place of what it continues', async () => {
		const { engine, history, writer } = setUp();
		await writer.generate();
		await writer.continue();
		await writer.generate();
		expect(engine.entries.map(({ passage }) => passage.tokens.length)).toEqual([3, 6]);
		await history.load();
		expect(history.state).toMatchObject({ kind: 'known', entries: [{}, {}] });
		await history.remove(engine.entries[0]?.id ?? '');
		expect(engine.entries).toHaveLength(1);
		await history.clear();
		expect(history.state).toEqual({ kind: 'known', entries: [] });
	});

	it('says when it cannot keep', async () => {
		const history = new History({
			store: () => Promise.reject(new StudioError('quota', 'The disk is full.', 'Free some.'))
		});
		await history.load();
		expect(history.state).toMatchObject({ kind: 'failed', error: { code: 'quota' } });
	});
});
