import { interpolateLab, scaleLinear } from 'd3';
import type { Role } from './scene.ts';

/** Colours of a drawing that leaves the page: the light theme of app.css, on white. */
export const PAPER: Record<Role | 'background', string> = {
	background: '#ffffff',
	bar: '#7f8a92',
	chosen: '#0b5f63',
	line: '#b35806',
	axis: '#d7dde1',
	label: '#171c20',
	value: '#535d65',
	marker: '#0b6fd0',
	negative: '#2166ac',
	positive: '#b35806'
};

/** Ends and middle of a diverging scale. */
export interface Diverging {
	readonly negative: string;
	readonly neutral: string;
	readonly positive: string;
}

/** Blue to orange by way of near-white: told apart with every common colour blindness. */
export const DIVERGING_LIGHT: Diverging = {
	negative: '#2166ac',
	neutral: '#f0f0ee',
	positive: '#b35806'
};
/** The same for a dark page. */
export const DIVERGING_DARK: Diverging = {
	negative: '#74add1',
	neutral: '#2a2f33',
	positive: '#f0a35e'
};

/**
 * Colours of signed values. Zero is always neutral, and both signs use the same scale, so that
 * colours of opposite sign can be compared.
 * @param extent the absolute value that gets the full colour; larger ones are clamped. 0 makes
 * everything neutral
 * @returns value → CSS colour, interpolated in CIELAB
 */
export function divergingColour(
	extent: number,
	{ negative, neutral, positive }: Diverging = DIVERGING_LIGHT
): (value: number) => string {
	if (extent <= 0) return () => neutral;
	const scale = scaleLinear<string>()
		.domain([-extent, 0, extent])
		.range([negative, neutral, positive])
		.interpolate(interpolateLab)
		.clamp(true);
	return (value) => scale(Number.isFinite(value) ? value : 0);
}
