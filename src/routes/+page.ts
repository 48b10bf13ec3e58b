import type { PageLoad } from './$types';

interface IndexModel {
	readonly id: string;
	readonly defaults: Readonly<Record<string, string>>;
	readonly variants: readonly { readonly name: string; readonly bytes: number }[];
}

/** Bytes that the starter model's defaults take, so that the first paint can state them. */
export const load: PageLoad = async ({ fetch }) => {
	const response = await fetch('models/index.json').catch(() => undefined);
	if (!response?.ok) return { starterBytes: undefined };
	const { models } = (await response.json()) as { models: readonly IndexModel[] };
	const starter = models.find(({ id }) => id === 'storyteller');
	if (!starter) return { starterBytes: undefined };
	const defaults = new Set(Object.values(starter.defaults));
	const sizes = starter.variants.filter(({ name }) => defaults.has(name)).map(({ bytes }) => bytes);
	return { starterBytes: { least: Math.min(...sizes), most: Math.max(...sizes) } };
};
