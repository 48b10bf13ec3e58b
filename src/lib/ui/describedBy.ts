/**
 * Value of `aria-describedby` for a control inside `Field.svelte`.
 * @returns the ids of the hint and the error that are shown; undefined when there is neither
 */
export function describedBy(id: string, hint?: string, error?: string): string | undefined {
	const ids = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean);
	return ids.length ? ids.join(' ') : undefined;
}
