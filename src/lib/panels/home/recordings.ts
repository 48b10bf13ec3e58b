import type { Passage, PassageRun } from '#lib/core/passage.ts';
import { StudioError } from '#lib/core/errors.ts';
import { readPassage } from '#lib/state/share-read.ts';

/** A run of the bundled model that was recorded by scripts/record-examples.mjs. */
export interface Recording {
	readonly id: string;
	readonly title: string;
	/** What to look at, in one sentence. */
	readonly note: string;
	readonly passage: Passage;
	readonly run: PassageRun;
}

/**
 * Checks a recording file.
 * @throws StudioError `bad-input` when it holds no run of a model
 */
export function readRecording(id: string, file: RecordingFile): Recording {
	const passage = readPassage(file.passage);
	const run = passage.runs[0];
	if (!run || passage.tokens.length === 0) {
		throw new StudioError(
			'bad-input',
			`The recording ${id} holds no run of a model.`,
			'Record the examples again: node scripts/record-examples.mjs'
		);
	}
	return { id, title: file.title, note: file.note, passage, run };
}

/** What scripts/record-examples.mjs writes. */
interface RecordingFile {
	/** Place on the page. */
	readonly order: number;
	readonly title: string;
	readonly note: string;
	readonly passage: unknown;
}

const files = import.meta.glob<RecordingFile>('./recordings/*.json', {
	eager: true,
	import: 'default'
});

/** The examples of the home page, in their order. */
export const RECORDINGS: readonly Recording[] = Object.entries(files)
	.sort(([, a], [, b]) => a.order - b.order)
	.map(([path, file]) => readRecording(path.replace(/^.*\/|\.json$/g, ''), file));
