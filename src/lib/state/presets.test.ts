import { describe, expect, it } from 'vitest';
import { applyPreset, DEFAULT_SETTINGS, presetOf, PRESETS } from './presets.ts';
import {
	readNumber,
	readStops,
	SETTING_FIELDS,
	settingProblem,
	settingsProblems,
	stopProblem,
	writeStops
} from './presets-validate.ts';

describe('presets', () => {
	it('are recognised after being applied, and keep seed, length and stops', () => {
		const mine = { ...DEFAULT_SETTINGS, seed: 42, maxTokens: 7, stop: ['x'] };
		for (const { name } of PRESETS) {
			const settings = applyPreset(mine, name);
			expect(presetOf(settings)).toBe(name);
			expect(settings).toMatchObject({ seed: 42, maxTokens: 7, stop: ['x'] });
			expect(settingsProblems(settings)).toEqual([]);
		}
		expect(presetOf({ ...DEFAULT_SETTINGS, topK: 3 })).toBeUndefined();
	});
});

describe('settings', () => {
	it('says what was expected and what came', () => {
		expect(settingProblem('temperature', 5)).toBe(
			'Temperature must be a number from 0 to 2; this is 5.'
		);
		expect(settingProblem('topK', 2.5)).toBe(
			'Top-k must be a whole number from 0 to 1000; this is 2.5.'
		);
		expect(settingProblem('seed', readNumber('abc'))).toBe(
			'Seed must be a whole number from 0 to 4294967295.'
		);
	});

	it('accepts both ends of every range', () => {
		for (const [name, { min, max }] of Object.entries(SETTING_FIELDS)) {
			expect(settingProblem(name as keyof typeof SETTING_FIELDS, min)).toBeUndefined();
			expect(settingProblem(name as keyof typeof SETTING_FIELDS, max)).toBeUndefined();
		}
	});

	it('reads numbers with a comma and refuses blanks', () => {
		expect(readNumber(' 0,7 ')).toBe(0.7);
		expect(readNumber('  ')).toBeNaN();
	});

	it('writes and reads stop strings', () => {
		const stop = ['The end', '\n\n', 'a\\n', '\t'];
		expect(readStops(writeStops(stop))).toEqual(stop);
		expect(stopProblem(stop)).toBeUndefined();
		expect(stopProblem(Array<string>(9).fill('x'))).toMatch(/At most 8 .* these are 9/);
		expect(stopProblem(['x'.repeat(101)])).toMatch(/101/);
	});
});
