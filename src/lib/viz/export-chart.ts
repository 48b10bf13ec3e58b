import { StudioError } from '#lib/core/errors.ts';
import { sceneSvg } from './scene-svg.ts';
import type { Scene } from './scene.ts';

export type ChartFormat = 'svg' | 'png' | 'json';

/** A chart and the numbers it was drawn from. */
export interface Chart {
	readonly scene: Scene;
	/** Plain data with units in its names or beside it. */
	readonly data: unknown;
}

/** Pixels of a PNG for every pixel of the chart. */
const SHARPNESS = 2;

/**
 * A chart as a file.
 * @throws StudioError `unsupported` when the browser gives no canvas to draw a PNG on
 */
export async function exportChart(chart: Chart, format: ChartFormat): Promise<Blob> {
	switch (format) {
		case 'svg':
			return new Blob([sceneSvg(chart.scene)], { type: 'image/svg+xml' });
		case 'json':
			return new Blob([chartJson(chart)], { type: 'application/json' });
		case 'png':
			return chartPng(chart.scene);
	}
}

/** The numbers of a chart as JSON, with its title. */
export function chartJson({ scene, data }: Chart): string {
	return `${JSON.stringify({ title: scene.title, data }, null, '\t')}\n`;
}

async function chartPng(scene: Scene): Promise<Blob> {
	const image = new Image();
	image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(sceneSvg(scene))}`;
	await image.decode();
	const canvas = document.createElement('canvas');
	canvas.width = Math.ceil(scene.width * SHARPNESS);
	canvas.height = Math.ceil(scene.height * SHARPNESS);
	canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
	const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
	if (blob) return blob;
	throw new StudioError('unsupported', 'The browser drew no PNG.', 'Export SVG instead.');
}

/** Offers a file for download under a name. */
export function saveFile(blob: Blob, name: string): void {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	// The download has its own reference by the time this runs.
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
