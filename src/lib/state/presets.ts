import type { SamplingSettings } from '#lib/core/generation.ts';

/** Everything a person can set about a generation. */
export interface WriterSettings extends SamplingSettings {
	/** Most tokens of one generation. */
	readonly maxTokens: number;
	/** Generation ends before the first of these. */
	readonly stop: readonly string[];
}

/** A named way to draw tokens; seed, length and stop strings stay the person's. */
export interface Preset {
	readonly name: string;
	/** What it does to the text, in half a sentence. */
	readonly description: string;
	readonly sampling: Omit<SamplingSettings, 'seed'>;
}

const OFF = { repetitionPenalty: 1, topK: 0, topP: 1, minP: 0 };

/** From the safest to the boldest; the figures suit the bundled model of about 10 M parameters. */
export const PRESETS = [
	{
		name: 'Greedy',
		description: 'always the likeliest token: the same text every time, and soon repetitive',
		sampling: { ...OFF, temperature: 0 }
	},
	{
		name: 'Balanced',
		description: 'varied, and mostly sensible',
		sampling: { ...OFF, temperature: 0.7, repetitionPenalty: 1.05, minP: 0.06 }
	},
	{
		name: 'Playful',
		description: 'unlikelier turns; the thread gets lost now and then',
		sampling: { ...OFF, temperature: 0.95, repetitionPenalty: 1.05, minP: 0.04 }
	},
	{
		name: 'Wild',
		description: 'almost anything may come next',
		sampling: { ...OFF, temperature: 1.3, minP: 0.015 }
	}
] as const satisfies readonly Preset[];

export type PresetName = (typeof PRESETS)[number]['name'];

/** What a fresh page uses: Balanced, with a length that reads as a short story. */
export const DEFAULT_SETTINGS: WriterSettings = {
	...PRESETS[1].sampling,
	seed: 1,
	maxTokens: 160,
	stop: []
};

/** The settings with a preset's way to draw; seed, length and stop strings stay. */
export function applyPreset(settings: WriterSettings, name: PresetName): WriterSettings {
	const preset = PRESETS.find((candidate) => candidate.name === name);
	return preset ? { ...settings, ...preset.sampling } : settings;
}

/** The preset whose way to draw these settings have; undefined when a person changed something. */
export function presetOf(settings: SamplingSettings): PresetName | undefined {
	return PRESETS.find(({ sampling }) =>
		Object.entries(sampling).every(
			([key, value]) => settings[key as keyof typeof sampling] === value
		)
	)?.name;
}
