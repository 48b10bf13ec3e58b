/** Which keys move the focus: along a row, along a column, or both. */
export type Orientation = 'horizontal' | 'vertical' | 'both';

const STEPS: Readonly<Record<string, { axis: 'horizontal' | 'vertical'; by: number }>> = {
	ArrowRight: { axis: 'horizontal', by: 1 },
	ArrowLeft: { axis: 'horizontal', by: -1 },
	ArrowDown: { axis: 'vertical', by: 1 },
	ArrowUp: { axis: 'vertical', by: -1 }
};

/**
 * The next position of a roving tab stop (ARIA Authoring Practices, "Keyboard navigation inside
 * components"): arrows step and wrap around, Home and End jump.
 * @param key `KeyboardEvent.key`
 * @param index the position now
 * @param count how many positions there are
 * @returns the new position, or undefined when the key does not move the focus
 */
export function rovingIndex(
	key: string,
	index: number,
	count: number,
	orientation: Orientation = 'horizontal'
): number | undefined {
	if (count === 0) return undefined;
	if (key === 'Home') return 0;
	if (key === 'End') return count - 1;
	const step = STEPS[key];
	if (!step || (orientation !== 'both' && step.axis !== orientation)) return undefined;
	return (index + step.by + count) % count;
}
