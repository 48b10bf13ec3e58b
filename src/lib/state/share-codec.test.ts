import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import type { Passage } from '#lib/core/passage.ts';
import { decodeShare, encodeShare, isShareFragment } from './share-codec.ts';
import { packPassage } from './share-format.ts';
import { readPassage } from './share-read.ts';
import { chooseAlternative, extendPassage } from './writer-passage.ts';
import { testPassage, testRun, testToken } from './writer-testing.ts';

const sample = (): Passage => {
	const story = testPassage(
		[' upon', ' a', ' time', ',', '\n', ' é🐕', '\ufffd'],
		'Words: dog\n“Once\ud800'
	);
	const branched = chooseAlternative(story, 2, { id: 5, text: ' day', logprob: -2.5 });
	const edited = extendPassage(branched, [{ by: 'person', id: 9, text: ' she' }]);
	return extendPassage(edited, [testToken(' ran')], { ...testRun(0, 0), stop: ['\n\n'] });
};

/** Rejects with our own error and nothing else. */
async function expectRefused(fragment: string): Promise<StudioError> {
	const error: unknown = await decodeShare(fragment).then(
		() => 'accepted',
		(reason: unknown) => reason
	);
	expect(error).toBeInstanceOf(StudioError);
	expect((error as StudioError).code).toBe('bad-input');
	expect((error as StudioError).hint).not.toBe('');
	return error as StudioError;
}

describe('share link', () => {
	it('gives back prompt, tokens, runs and seeds', async () => {
		const passage = sample();
		const back = await decodeShare(`#${await encodeShare(passage)}`);
		expect(back.prompt).toBe(passage.prompt);
		expect(back.runs).toEqual(passage.runs);
		expect(back.tokens.map(({ id, text, by }) => [id, text, by])).toEqual(
			passage.tokens.map(({ id, text, by }) => [id, text, by])
		);
		const [then, now] = [passage.tokens[0], back.tokens[0]];
		if (then?.by === 'person' || now?.by === 'person' || !then || !now) throw new Error('no token');
		expect(now.logprob).toBeCloseTo(then.logprob, 3);
		expect(now.alternatives).toHaveLength(2);
	});

	it('is compact: a story of 160 tokens stays below 6,000 characters', async () => {
		const words = Array.from({ length: 160 }, (_, i) =>
			testToken(` word${i % 90}`, 0.01 + (i % 60) / 80)
		);
		const passage = { prompt: 'x', tokens: words, runs: [testRun(0, 160)] };
		const fragment = await encodeShare(passage);
		expect(fragment).toMatch(/^s=1\.[A-Za-z0-9_-]+$/);
		expect(fragment.length).toBeLessThan(6000);
	});

	it('is recognised with and without #', () => {
		expect(isShareFragment('#s=1.abc')).toBe(true);
		expect(isShareFragment('s=2.abc')).toBe(true);
		expect(isShareFragment('#main')).toBe(false);
	});

	it('refuses every truncation', async () => {
		const fragment = await encodeShare(sample());
		for (let length = 0; length < fragment.length; length += 3) {
			await expectRefused(fragment.slice(0, length));
		}
	});

	it('refuses a changed character', async () => {
		const fragment = await encodeShare(sample());
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 4, max: fragment.length - 2 }),
				fc.constantFrom(...'AZaz09-_!é '),
				async (index, character) => {
					fc.pre(fragment[index] !== character);
					await expectRefused(fragment.slice(0, index) + character + fragment.slice(index + 1));
				}
			),
			{ numRuns: 300 }
		);
	});

	it('refuses arbitrary text, and says so for another version', async () => {
		await fc.assert(
			fc.asyncProperty(fc.string(), async (text) => {
				await expectRefused(`s=1.${text}`);
			}),
			{ numRuns: 200 }
		);
		expect((await expectRefused('#s=7.abc')).message).toMatch(/version 7.*reads version 1/);
	});

	it('refuses what is too long to share', async () => {
		let seed = 1;
		const noise = Array.from({ length: 900_000 }, () => {
			seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
			return String.fromCharCode(0x4e00 + (seed >>> 18));
		}).join('');
		await expect(encodeShare(testPassage([], noise))).rejects.toThrow(/1,000,000 characters/);
	});
});

describe('readPassage', () => {
	it('refuses any single cell of another kind without throwing anything but its own error', () => {
		const packed = JSON.parse(JSON.stringify(packPassage(sample(), 5))) as Record<
			string,
			unknown[][]
		>;
		expect(readPassage(packed).tokens).toHaveLength(sample().tokens.length);
		fc.assert(
			fc.property(
				fc.constantFrom('w', 'm', 't', 'r'),
				fc.nat(),
				fc.nat(),
				fc.constantFrom<unknown>(null, -1, 1e9, 0.5, {}, [], true),
				(key, row, column, value) => {
					const copy = structuredClone(packed);
					const table = copy[key] ?? [];
					const line = table[row % table.length] ?? [];
					line[column % line.length] = value;
					try {
						readPassage(copy);
					} catch (error) {
						expect(error).toBeInstanceOf(StudioError);
					}
				}
			),
			{ numRuns: 500 }
		);
		for (const nonsense of [null, 3, 'x', [], {}, { ...packed, t: 4 }, { ...packed, p: 1 }]) {
			expect(() => readPassage(nonsense)).toThrow(StudioError);
		}
	});
});
