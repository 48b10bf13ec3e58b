import { describe, expect, it } from 'vitest';
import { rovingIndex } from './rovingIndex.ts';

describe('rovingIndex', () => {
	it('steps and wraps around', () => {
		expect(rovingIndex('ArrowRight', 0, 3)).toBe(1);
		expect(rovingIndex('ArrowRight', 2, 3)).toBe(0);
		expect(rovingIndex('ArrowLeft', 0, 3)).toBe(2);
	});

	it('jumps to the ends', () => {
		expect(rovingIndex('Home', 2, 5)).toBe(0);
		expect(rovingIndex('End', 2, 5)).toBe(4);
	});

	it('leaves the other axis and other keys alone', () => {
		expect(rovingIndex('ArrowDown', 0, 3)).toBeUndefined();
		expect(rovingIndex('ArrowDown', 0, 3, 'both')).toBe(1);
		expect(rovingIndex('a', 0, 3, 'both')).toBeUndefined();
		expect(rovingIndex('Home', 0, 0)).toBeUndefined();
	});
});
