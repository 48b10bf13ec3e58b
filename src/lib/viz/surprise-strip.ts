import { line, max, scaleLinear } from 'd3';
import type { PassageToken } from '#lib/core/passage.ts';
import { tenth, type Mark, type Scene } from './scene.ts';

/** One token's numbers, in bits; undefined where a person wrote and nothing is known. */
export interface SurprisePoint {
	readonly index: number;
	readonly text: string;
	/** −log₂ of the token's probability (its self-information; Shannon 1948, §6). */
	readonly surprise: number | undefined;
	/** Entropy of the model's distribution there: the surprise to be expected. */
	readonly entropy: number | undefined;
}

/** Surprise and entropy of every token, from nats to bits. */
export function surprisePoints(tokens: readonly PassageToken[]): SurprisePoint[] {
	return tokens.map((token, index) => ({
		index,
		text: token.text,
		surprise: token.by === 'person' ? undefined : -token.logprob / Math.LN2,
		entropy: token.by === 'person' ? undefined : token.entropy / Math.LN2
	}));
}

/** The least that the vertical axis shows, in bits: else a sure text would look like a wild one. */
const LEAST_TOP = 8;

/**
 * A strip over the whole text: a bar for each token's surprise, a line for its entropy. A bar above
 * the line was less likely than usual there.
 * @param width, height pixels
 */
export function surpriseStrip(
	points: readonly SurprisePoint[],
	width: number,
	height: number
): Scene {
	const step = points.length > 0 ? width / points.length : width;
	const top = Math.max(LEAST_TOP, max(points, ({ surprise }) => surprise) ?? 0);
	const y = scaleLinear().domain([0, top]).range([height, 2]).clamp(true);
	const bar = Math.max(0.5, step > 3 ? step - 1 : step);
	const bars = points
		.filter(({ surprise }) => surprise !== undefined)
		.map(({ index, surprise }) => {
			const at = tenth(y(surprise ?? 0));
			return `M${tenth(index * step)},${height}V${at}h${tenth(bar)}V${height}Z`;
		});
	const entropy = line<SurprisePoint>()
		.defined((point) => point.entropy !== undefined)
		.x(({ index }) => tenth((index + 0.5) * step))
		.y((point) => tenth(y(point.entropy ?? 0)));
	const marks: Mark[] = [
		{ kind: 'path', role: 'axis', d: `M0,${height - 0.5}H${width}`, filled: false },
		{ kind: 'path', role: 'bar', d: bars.join(''), filled: true },
		{ kind: 'path', role: 'line', d: entropy(points) ?? '', filled: false }
	];
	const title = `Surprise (bars) and entropy (line) of ${points.length} tokens, in bits, 0 to ${top.toFixed(1)}`;
	return { width, height, title, marks };
}

/**
 * The token under a horizontal position.
 * @param x pixels from the left of the strip
 * @returns its index; undefined when there is no token
 */
export function tokenAt(x: number, width: number, count: number): number | undefined {
	if (count === 0 || width <= 0) return undefined;
	return Math.max(0, Math.min(count - 1, Math.floor((x / width) * count)));
}
