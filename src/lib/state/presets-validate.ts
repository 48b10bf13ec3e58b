import type { WriterSettings } from './presets.ts';

/** The settings that are one number. */
export type NumericSetting = Exclude<keyof WriterSettings, 'stop'>;

/** What a numeric setting is called, means, and may be. */
export interface SettingField {
	readonly label: string;
	/** What it does, in one sentence for the person who sets it. */
	readonly hint: string;
	readonly min: number;
	readonly max: number;
	readonly step: number;
	readonly integer: boolean;
}

/** Ranges and wording of every numeric setting, in the order they act. */
export const SETTING_FIELDS: Record<NumericSetting, SettingField> = {
	temperature: {
		label: 'Temperature',
		hint: 'Flattens (above 1) or sharpens (below 1) the probabilities; 0 takes the likeliest token.',
		min: 0,
		max: 2,
		step: 0.05,
		integer: false
	},
	repetitionPenalty: {
		label: 'Repetition penalty',
		hint: 'Makes tokens that were already used less likely; 1 is off.',
		min: 1,
		max: 2,
		step: 0.01,
		integer: false
	},
	topK: {
		label: 'Top-k',
		hint: 'Draws among the k likeliest tokens; 0 is off.',
		min: 0,
		max: 1000,
		step: 1,
		integer: true
	},
	topP: {
		label: 'Top-p',
		hint: 'Draws among the likeliest tokens that together reach this probability; 1 is off.',
		min: 0.05,
		max: 1,
		step: 0.01,
		integer: false
	},
	minP: {
		label: 'Min-p',
		hint: 'Leaves out tokens less than this fraction as likely as the best; 0 is off.',
		min: 0,
		max: 1,
		step: 0.005,
		integer: false
	},
	seed: {
		label: 'Seed',
		hint: 'The same seed, model and device give the same text.',
		min: 0,
		max: 4294967295,
		step: 1,
		integer: true
	},
	maxTokens: {
		label: 'Most tokens',
		hint: 'A token is a word or a part of one; the bundled model sees 512 in all.',
		min: 1,
		max: 4096,
		step: 1,
		integer: true
	}
};

/** Most stop strings, and most characters of one. */
export const STOP_LIMITS = { count: 8, length: 100 } as const;

/** @returns a sentence that says what is expected and what came; undefined when the value is fine */
export function settingProblem(name: NumericSetting, value: number): string | undefined {
	const { label, min, max, integer } = SETTING_FIELDS[name];
	const kind = integer ? 'a whole number' : 'a number';
	const range = `${kind} from ${min} to ${max}`;
	if (!Number.isFinite(value)) return `${label} must be ${range}.`;
	if (value < min || value > max || (integer && !Number.isInteger(value))) {
		return `${label} must be ${range}; this is ${value}.`;
	}
	return undefined;
}

/** Reads a number a person typed; a comma counts as the decimal point. NaN when it is none. */
export function readNumber(text: string): number {
	const trimmed = text.trim().replace(',', '.');
	return trimmed === '' ? Number.NaN : Number(trimmed);
}

/** @returns a sentence when there are too many stop strings or one is empty or too long */
export function stopProblem(stop: readonly string[]): string | undefined {
	const { count, length } = STOP_LIMITS;
	if (stop.length > count)
		return `At most ${count} stop strings are possible; these are ${stop.length}.`;
	if (stop.includes('')) return 'A stop string must not be empty.';
	const long = stop.find((text) => text.length > length);
	if (long !== undefined) {
		return `A stop string may have ${length} characters; one has ${long.length}.`;
	}
	return undefined;
}

/** Everything wrong with the settings, one sentence each; empty when they can run. */
export function settingsProblems(settings: WriterSettings): string[] {
	const names = Object.keys(SETTING_FIELDS) as NumericSetting[];
	const problems = names.map((name) => settingProblem(name, settings[name]));
	return [...problems, stopProblem(settings.stop)].filter((problem) => problem !== undefined);
}

/** Stop strings from a text with one a line, where `\n` and `\t` stand for line feed and tab. */
export function readStops(text: string): string[] {
	const unescape = (line: string): string =>
		line.replace(/\\([nt\\])/g, (_, letter: string) =>
			letter === 'n' ? '\n' : letter === 't' ? '\t' : '\\'
		);
	return text
		.split('\n')
		.filter((line) => line !== '')
		.map(unescape);
}

/** The text that {@link readStops} reads back. */
export function writeStops(stop: readonly string[]): string {
	return stop
		.map((text) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t'))
		.join('\n');
}
