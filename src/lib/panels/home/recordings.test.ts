import { describe, expect, it } from 'vitest';
import { readRecording, RECORDINGS } from './recordings.ts';

describe('recordings of the home page', () => {
	it('are four, in their order', () => {
		expect(RECORDINGS.map(({ id }) => id)).toEqual(['words', 'continuation', 'playful', 'greedy']);
	});

	it.each(RECORDINGS.map((recording) => [recording.id, recording] as const))(
		'%s is one whole run of the bundled model',
		(_id, { passage, run }) => {
			expect(run.model.id).toBe('storyteller');
			expect(run.count).toBe(passage.tokens.length);
			expect(passage.tokens.length).toBeGreaterThan(30);
			for (const token of passage.tokens) {
				if (token.by === 'person') throw new Error('a recording holds the model’s tokens only');
				const best = token.alternatives[0];
				expect(token.alternatives).toHaveLength(5);
				expect(token.logprob).toBeLessThanOrEqual(best?.logprob ?? -Infinity);
				if (run.settings.temperature === 0) expect(token.id).toBe(best?.id);
			}
		}
	);

	it('are refused without a run', () => {
		const passage = { p: 'Once', w: [], m: [], t: [], r: [] };
		expect(() => readRecording('x', { order: 0, title: '', note: '', passage })).toThrow('no run');
	});
});
