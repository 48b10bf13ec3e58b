import { scaleLinear } from 'd3';
import type { TokenAlternative } from '#lib/core/generation.ts';
import { tenth, type Mark, type Scene } from './scene.ts';

/** One bar: an alternative of a token. */
export interface ProbabilityBar {
	readonly alternative: TokenAlternative;
	/** Place among the listed alternatives by probability, from 1. */
	readonly rank: number;
	/** Between 0 and 1, the model's own (before temperature and filters). */
	readonly probability: number;
	/** Length as a share of the longest possible bar, between 0 and 1. */
	readonly share: number;
	readonly chosen: boolean;
}

/**
 * Bars of what could stand at a position, likeliest first. The scale ends at the likeliest, so that
 * an open choice is legible too; the numbers say the rest.
 * @param chosenId id of the token that stands there
 */
export function probabilityBars(
	alternatives: readonly TokenAlternative[],
	chosenId: number
): ProbabilityBar[] {
	const sorted = [...alternatives].sort((a, b) => b.logprob - a.logprob);
	const best = Math.exp(sorted[0]?.logprob ?? 0);
	const length = scaleLinear()
		.domain([0, Math.max(best, Number.MIN_VALUE)])
		.range([0, 1]);
	return sorted.map((alternative, index) => {
		const probability = Math.exp(alternative.logprob);
		return {
			alternative,
			rank: index + 1,
			probability,
			share: length(probability),
			chosen: alternative.id === chosenId
		};
	});
}

const ROW = 20;
const LABEL = 96;
const VALUE = 60;

/**
 * The bars as a chart of its own, for export.
 * @param show how a token's text is made visible
 * @param width pixels
 */
export function probabilityBarsScene(
	bars: readonly ProbabilityBar[],
	show: (text: string) => string,
	width = 360
): Scene {
	const room = width - LABEL - VALUE;
	const marks = bars.flatMap((bar, index): Mark[] => {
		const middle = index * ROW + ROW / 2;
		const length = Math.max(1, tenth(bar.share * room));
		return [
			text('label', LABEL - 8, middle, show(bar.alternative.text), 'end'),
			{
				kind: 'rect',
				role: bar.chosen ? 'chosen' : 'bar',
				x: LABEL,
				y: middle - 5,
				width: length,
				height: 10
			},
			text('value', LABEL + length + 6, middle, `${(bar.probability * 100).toFixed(1)} %`, 'start')
		];
	});
	const title = 'Probability of the tokens that could stand here (%)';
	return { width, height: bars.length * ROW, title, marks };
}

function text(
	role: 'label' | 'value',
	x: number,
	middle: number,
	content: string,
	anchor: 'start' | 'end'
): Mark {
	return { kind: 'text', role, x, y: middle + 4, text: content, anchor };
}
