import { describe, expect, it } from 'vitest';
import type { PassageToken } from '#lib/core/passage.ts';
import { chartJson } from './export-chart.ts';
import { DIVERGING_DARK, divergingColour } from './palette.ts';
import { probabilityBars, probabilityBarsScene } from './probability-bars.ts';
import { sceneSvg } from './scene-svg.ts';
import { surprisePoints, surpriseStrip, tokenAt } from './surprise-strip.ts';
import { entropyLevel, probabilityLevel } from './token-levels.ts';
import { stayingTokens, tokenClasses } from './token-text.ts';

const alternatives = [
	{ id: 2, text: ' a<b', logprob: Math.log(0.25) },
	{ id: 1, text: ' the', logprob: Math.log(0.5) },
	{ id: 3, text: '\0', logprob: Math.log(0.01) }
];
const token = (id: number, probability: number, entropy = 1): PassageToken => ({
	by: 'model',
	id,
	text: ` t${id}`,
	logprob: Math.log(probability),
	entropy,
	alternatives
});
const typed: PassageToken = { by: 'person', id: 9, text: ' me' };

describe('probability bars', () => {
	it('sorts, ranks and scales to the likeliest', () => {
		const bars = probabilityBars(alternatives, 2);
		expect(bars.map(({ alternative, rank }) => [alternative.id, rank])).toEqual([
			[1, 1],
			[2, 2],
			[3, 3]
		]);
		expect(bars.map(({ share }) => share)).toEqual([1, expect.closeTo(0.5), expect.closeTo(0.02)]);
		expect(bars.map(({ chosen }) => chosen)).toEqual([false, true, false]);
		expect(probabilityBars([], 1)).toEqual([]);
	});

	it('draws a file with colours, units and harmless text', () => {
		const scene = probabilityBarsScene(probabilityBars(alternatives, 2), (text) => text.trim());
		expect(sceneSvg(scene)).toMatchSnapshot();
		expect(JSON.parse(chartJson({ scene, data: [1] }))).toEqual({ title: scene.title, data: [1] });
	});
});

describe('surprise strip', () => {
	const tokens = [token(1, 0.5), typed, token(2, 1 / 1024, 3)];

	it('measures in bits, and knows nothing of typed tokens', () => {
		const points = surprisePoints(tokens);
		expect(points.map(({ surprise }) => surprise)).toEqual([
			expect.closeTo(1),
			undefined,
			expect.closeTo(10)
		]);
		expect(points[2]?.entropy).toBeCloseTo(3 / Math.LN2);
	});

	it('draws bars and a line with a gap', () => {
		expect(sceneSvg(surpriseStrip(surprisePoints(tokens), 90, 40))).toMatchSnapshot();
		expect(surpriseStrip([], 90, 40).title).toMatch(/0 tokens, in bits, 0 to 8\.0/);
	});

	it('finds the token under the pointer', () => {
		expect([0, 29.9, 30, 89, 95, -3].map((x) => tokenAt(x, 90, 3))).toEqual([0, 0, 1, 2, 2, 0]);
		expect(tokenAt(5, 90, 0)).toBeUndefined();
	});
});

describe('levels', () => {
	it('tint rare tokens and open choices', () => {
		expect([0.9, 0.5, 0.3, 0.1, 0.02, 0.001].map((p) => probabilityLevel(Math.log(p)))).toEqual([
			0, 0, 1, 2, 3, 4
		]);
		expect([0, 0.5, 2, 3, 9].map(entropyLevel)).toEqual([0, 1, 2, 3, 4]);
	});
});

describe('token text', () => {
	it('keeps the elements of a common beginning, also of equal copies', () => {
		const shown = [token(1, 0.5), token(2, 0.5), typed];
		expect(stayingTokens(shown, [...shown, token(3, 0.1)])).toBe(3);
		expect(stayingTokens(shown, structuredClone(shown))).toBe(3);
		expect(stayingTokens(shown, [token(1, 0.5), token(2, 0.4), typed])).toBe(1);
		expect(stayingTokens(shown, [])).toBe(0);
	});

	it('says who wrote a token and how likely it was', () => {
		expect(tokenClasses(token(1, 0.3, 2))).toBe('token p1 e2');
		expect(tokenClasses({ ...token(1, 0.3, 2), by: 'choice' } as PassageToken)).toBe(
			'token by-choice p1 e2'
		);
		expect(tokenClasses(typed)).toBe('token by-person');
	});
});

describe('diverging colours', () => {
	it('are neutral at zero, full at the extent, clamped beyond, symmetric', () => {
		const colour = divergingColour(2);
		expect(colour(0)).toBe('rgb(240, 240, 238)');
		expect(colour(2)).toBe('rgb(179, 88, 6)');
		expect(colour(9)).toBe(colour(2));
		expect(colour(-2)).toBe('rgb(33, 102, 172)');
		expect(colour(Number.NaN)).toBe(colour(0));
		expect(divergingColour(0)(5)).toBe('#f0f0ee');
		expect(divergingColour(1, DIVERGING_DARK)(-1)).toBe('rgb(116, 173, 209)');
	});
});
