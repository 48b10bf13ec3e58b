import type { PassageRun } from '#lib/core/passage.ts';
import { applyPreset, DEFAULT_SETTINGS, type PresetName, type WriterSettings } from './presets.ts';

/** The settings of the next generation, and whether its seed moves on. */
export class SettingsState {
	#value: WriterSettings = $state.raw(DEFAULT_SETTINGS);
	#keepsSeed = $state.raw(false);
	#seedUsed = false;

	get value(): WriterSettings {
		return this.#value;
	}
	/** Whether Generate uses the same seed again; else every generation takes the next one. */
	get keepsSeed(): boolean {
		return this.#keepsSeed;
	}
	set keepsSeed(keeps: boolean) {
		this.#keepsSeed = keeps;
	}

	/** Changes settings; a seed set by hand is kept for later generations. */
	set(changes: Partial<WriterSettings>): void {
		this.#value = { ...this.#value, ...changes };
		if (changes.seed !== undefined) {
			this.#keepsSeed = true;
			this.#seedUsed = false;
		}
	}

	applyPreset(name: PresetName): void {
		this.#value = applyPreset(this.#value, name);
	}

	/** Takes over the settings a run was made with. */
	adopt({ settings, maxTokens, stop }: PassageRun): void {
		this.set({ ...settings, maxTokens, stop });
	}

	/** Settings for a new text: the seed moves on when it was used and is not to be kept. */
	forGeneration(): WriterSettings {
		if (this.#seedUsed && !this.#keepsSeed) this.#moveSeed();
		this.#seedUsed = true;
		return this.#value;
	}

	/** Settings for the same text once more: always with the next seed, which counts as used. */
	forRegeneration(): WriterSettings {
		this.#moveSeed();
		this.#seedUsed = true;
		return this.#value;
	}

	#moveSeed(): void {
		this.#value = { ...this.#value, seed: (this.#value.seed + 1) % 2 ** 32 };
	}
}
