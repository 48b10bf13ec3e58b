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
	},
	inspect: {
		summary: 'say what an ONNX file holds and whether gradients can pass it',
		load: async () => (await import('./inspect.ts')).inspectVerb
	},
	gradient: {
		summary: 'differentiate an ONNX file',
		load: async () => (await import('./gradient.ts')).gradientVerb
	}
};
