/** What a person chose; `system` follows `prefers-color-scheme`. */
export type ThemeChoice = 'system' | 'light' | 'dark';

/** Read before the first paint by static/theme.js; the two must agree. */
export const THEME_KEY = 'vitrine-theme';

export const THEME_CHOICES = ['system', 'light', 'dark'] as const satisfies readonly ThemeChoice[];

/** What the theme needs of a page; `globalThis` in a browser, a fake in tests. */
export interface ThemeHost {
	readonly root: { readonly dataset: Record<string, string | undefined> };
	readonly storage: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

/** The colour theme: applied to the root element and remembered where the browser allows it. */
export class Theme {
	readonly #host: ThemeHost;
	#choice: ThemeChoice = $state('system');

	constructor(host: ThemeHost) {
		this.#host = host;
		this.#choice = parseTheme(this.#read());
	}

	get choice(): ThemeChoice {
		return this.#choice;
	}

	/** Applies a choice at once; without storage it lasts as long as the page. */
	choose(choice: ThemeChoice): void {
		this.#choice = choice;
		const { dataset } = this.#host.root;
		if (choice === 'system') delete dataset['theme'];
		else dataset['theme'] = choice;
		try {
			const storage = this.#host.storage();
			if (choice === 'system') storage.removeItem(THEME_KEY);
			else storage.setItem(THEME_KEY, choice);
		} catch {
			// Private window or sandboxed frame: the choice holds for this page only.
		}
	}

	/** The next choice in the order system, light, dark. */
	cycle(): void {
		const index = THEME_CHOICES.indexOf(this.#choice);
		this.choose(THEME_CHOICES[(index + 1) % THEME_CHOICES.length] ?? 'system');
	}

	#read(): string | null {
		try {
			return this.#host.storage().getItem(THEME_KEY);
		} catch {
			return null;
		}
	}
}

/** A remembered value as a choice; anything unknown means the system's. */
export function parseTheme(value: string | null): ThemeChoice {
	return THEME_CHOICES.find((choice) => choice === value) ?? 'system';
}
