/** What a mark means; each theme and each export gives roles their colours. */
export type Role =
	'bar' | 'chosen' | 'line' | 'axis' | 'label' | 'value' | 'marker' | 'negative' | 'positive';

/** One mark of a chart, in pixels from the top left. */
export type Mark =
	| {
			readonly kind: 'rect';
			readonly role: Role;
			readonly x: number;
			readonly y: number;
			readonly width: number;
			readonly height: number;
	  }
	| { readonly kind: 'path'; readonly role: Role; readonly d: string; readonly filled: boolean }
	| {
			readonly kind: 'text';
			readonly role: Role;
			readonly x: number;
			readonly y: number;
			readonly text: string;
			readonly anchor: 'start' | 'middle' | 'end';
	  };

/** A chart without a document: what a layout function returns and a renderer draws. */
export interface Scene {
	readonly width: number;
	readonly height: number;
	/** What the chart shows, with units; the accessible name of the drawing. */
	readonly title: string;
	readonly marks: readonly Mark[];
}

/** Pixels to a tenth: finer than any screen, and short in a file. */
export function tenth(pixels: number): number {
	return Math.round(pixels * 10) / 10;
}
