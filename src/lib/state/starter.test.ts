import { describe, expect, it } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import { storage, storyteller } from '../../../tests/fakes/engine.ts';
import type { ModelsState } from './models.svelte.ts';
import {
	findStarter,
	installsUnasked,
	readFirstVisit,
	rememberDeclined,
	starterBytes,
	starterState
} from './starter.ts';

const ready = (
	models = [storyteller],
	kind: 'indexeddb' | 'memory' = 'indexeddb'
): ModelsState => ({
	kind: 'ready',
	models,
	storage: { ...storage, kind }
});

const installed = {
	...storyteller,
	variants: storyteller.variants.map((variant) => ({
		...variant,
		installed: variant.name === 'fp32'
	}))
};

describe('findStarter', () => {
	it('takes the device’s default, or a variant that is there already', () => {
		expect(findStarter([storyteller])?.variant.name).toBe('int8');
		expect(findStarter([installed])?.variant.name).toBe('fp32');
		expect(findStarter([{ ...storyteller, id: 'other' }])).toBeUndefined();
	});
});

describe('starterState', () => {
	it('follows the list', () => {
		expect(starterState({ kind: 'loading' }, undefined).kind).toBe('unknown');
		expect(starterState(ready([]), undefined).kind).toBe('absent');
		expect(starterState(ready(), undefined)).toMatchObject({ kind: 'missing', volatile: false });
		expect(starterState(ready([storyteller], 'memory'), undefined)).toMatchObject({
			kind: 'missing',
			volatile: true
		});
		expect(starterState(ready([installed]), undefined).kind).toBe('installed');
	});

	it('follows the job', () => {
		const running = { kind: 'running', verb: 'install', progress: undefined } as const;
		const error = new StudioError('network', 'The network is gone.', 'Try again later.');
		expect(starterState(ready(), running).kind).toBe('installing');
		expect(starterState(ready(), { kind: 'failed', verb: 'install', error })).toMatchObject({
			kind: 'failed',
			error
		});
	});
});

describe('starterBytes', () => {
	it('reads the range of the defaults, and nothing from anything else', () => {
		const variants = [
			{ name: 'int8', bytes: 10 },
			{ name: 'fp32', bytes: 30 },
			{ name: 'q4', bytes: 7 }
		];
		const defaults = { wasm: 'fp32', webgpu: 'q4', lowMemory: 'q4' };
		const index = { schema: 1, models: [{ id: 'storyteller', defaults, variants }] };
		expect(starterBytes(index)).toEqual({ least: 7, most: 30 });
		expect(starterBytes({ models: [{ id: 'other', defaults, variants }] })).toBeUndefined();
		expect(starterBytes(null)).toBeUndefined();
	});
});

describe('installsUnasked', () => {
	const visit = { saveData: false, online: true, declined: false };
	it('only when it can be kept and nobody minds', () => {
		const missing = starterState(ready(), undefined);
		expect(installsUnasked(missing, visit)).toBe(true);
		expect(installsUnasked(missing, { ...visit, saveData: true })).toBe(false);
		expect(installsUnasked(missing, { ...visit, online: false })).toBe(false);
		expect(installsUnasked(missing, { ...visit, declined: true })).toBe(false);
		expect(installsUnasked(starterState(ready([storyteller], 'memory'), undefined), visit)).toBe(
			false
		);
		expect(installsUnasked(starterState(ready([installed]), undefined), visit)).toBe(false);
	});

	it('remembers that it was stopped, where the browser remembers anything', () => {
		const kept = new Map<string, string>();
		const box = () => ({
			getItem: (key: string) => kept.get(key) ?? null,
			setItem: (key: string, value: string) => void kept.set(key, value),
			removeItem: (key: string) => void kept.delete(key)
		});
		const browser = { onLine: true, connection: { saveData: true } };
		rememberDeclined(true, box);
		expect(readFirstVisit(browser, box)).toEqual({ saveData: true, online: true, declined: true });
		rememberDeclined(false, box);
		expect(readFirstVisit({ onLine: true }, box).declined).toBe(false);
		const refused = () => {
			throw new DOMException('no', 'SecurityError');
		};
		rememberDeclined(true, refused);
		expect(readFirstVisit({ onLine: true }, refused).declined).toBe(false);
	});
});
