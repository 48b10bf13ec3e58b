import { describe, expect, it } from 'vitest';
import { placePopover } from './placePopover.ts';

const viewport = { width: 400, height: 300 };

describe('placePopover', () => {
	it('goes below its anchor, centred', () => {
		const anchor = { left: 180, top: 40, width: 40, height: 20 };
		expect(placePopover(anchor, { width: 100, height: 80 }, viewport)).toEqual({
			left: 150,
			top: 66
		});
	});

	it('goes above when the room below is too small and above is larger', () => {
		const anchor = { left: 180, top: 240, width: 40, height: 20 };
		expect(placePopover(anchor, { width: 100, height: 80 }, viewport).top).toBe(154);
	});

	it('stays inside the viewport at both edges', () => {
		const size = { width: 160, height: 40 };
		const left = placePopover({ left: 0, top: 10, width: 10, height: 10 }, size, viewport);
		const right = placePopover({ left: 390, top: 10, width: 10, height: 10 }, size, viewport);
		expect(left.left).toBe(6);
		expect(right.left).toBe(400 - 160 - 6);
	});

	it('keeps the near edge visible when the box is larger than the viewport', () => {
		const at = placePopover(
			{ left: 100, top: 100, width: 10, height: 10 },
			{ width: 900, height: 900 },
			viewport
		);
		expect(at).toEqual({ left: 6, top: 6 });
	});
});
