import { History } from './history.svelte.ts';
import type { Studio } from './studio.svelte.ts';
import { Writer } from './writer.svelte.ts';

/** What the Write page works with. */
export interface WriterPage {
	readonly writer: Writer;
	readonly history: History;
}

const pages = new WeakMap<Studio, WriterPage>();

/** The writer and history of a studio; the same ones when a person comes back to the page. */
export function writerPage(studio: Studio): WriterPage {
	const known = pages.get(studio);
	if (known) return known;
	const history = new History({ store: async () => (await studio.engine()).history });
	const writer = new Writer({
		engine: () => studio.engine(),
		onFinished: (passage, kind) => void history.keep(passage, kind)
	});
	const page = { writer, history };
	pages.set(studio, page);
	return page;
}
