import type { Verb } from './verb.ts';

/** How the command line knows a verb before its code is loaded. */
interface VerbEntry {
	/** One line for the overview. */
	readonly summary: string;
	load(): Promise<Verb>;
}

/** Every verb. A new one is a file and an entry here. */
export const VERBS: Readonly<Record<string, VerbEntry>> = {
	generate: {
		summary: 'write text with a language model from a directory',
		load: async () => (await import('./generate.ts')).generateVerb
	}
};
