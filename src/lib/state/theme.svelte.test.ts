import { describe, expect, it } from 'vitest';
import { parseTheme, Theme, THEME_KEY } from './theme.svelte.ts';

/** A page without a DOM: one root element and one storage, which may refuse. */
function fakeHost(remembered?: string, refuses = false) {
	const kept = new Map<string, string>(remembered ? [[THEME_KEY, remembered]] : []);
	const dataset: Record<string, string | undefined> = {};
	const storage = () => {
		if (refuses) throw new DOMException('no storage here', 'SecurityError');
		return {
			getItem: (key: string) => kept.get(key) ?? null,
			setItem: (key: string, value: string) => void kept.set(key, value),
			removeItem: (key: string) => void kept.delete(key)
		};
	};
	return { host: { root: { dataset }, storage }, dataset, kept };
}

describe('Theme', () => {
	it('begins with what was remembered', () => {
		expect(new Theme(fakeHost('dark').host).choice).toBe('dark');
		expect(new Theme(fakeHost().host).choice).toBe('system');
		expect(parseTheme('mauve')).toBe('system');
	});

	it('applies and remembers a choice, and forgets it for the system', () => {
		const { host, dataset, kept } = fakeHost();
		const theme = new Theme(host);
		theme.choose('light');
		expect(dataset['theme']).toBe('light');
		expect(kept.get(THEME_KEY)).toBe('light');
		theme.choose('system');
		expect('theme' in dataset).toBe(false);
		expect(kept.size).toBe(0);
	});

	it('goes round all three', () => {
		const theme = new Theme(fakeHost().host);
		const seen = [0, 1, 2].map(() => {
			theme.cycle();
			return theme.choice;
		});
		expect(seen).toEqual(['light', 'dark', 'system']);
	});

	it('works where storage is refused', () => {
		const { host, dataset } = fakeHost('dark', true);
		const theme = new Theme(host);
		expect(theme.choice).toBe('system');
		theme.choose('dark');
		expect(theme.choice).toBe('dark');
		expect(dataset['theme']).toBe('dark');
	});
});
