/** A rectangle in CSS pixels of the viewport. */
export interface Box {
	readonly left: number;
	readonly top: number;
	readonly width: number;
	readonly height: number;
}

/**
 * Where a floating box goes: below its anchor, above when there is more room, never outside the
 * viewport while it fits.
 * @param anchor the element it explains, in viewport pixels
 * @param size width and height of the floating box
 * @param viewport width and height of the viewport
 * @param gap pixels kept between box and anchor, and between box and viewport edge
 * @returns left and top in viewport pixels
 */
export function placePopover(
	anchor: Box,
	size: { readonly width: number; readonly height: number },
	viewport: { readonly width: number; readonly height: number },
	gap = 6
): { left: number; top: number } {
	const below = viewport.height - (anchor.top + anchor.height) - gap;
	const above = anchor.top - gap;
	const fitsBelow = size.height + gap <= below || below >= above;
	const top = fitsBelow ? anchor.top + anchor.height + gap : anchor.top - size.height - gap;
	const left = anchor.left + anchor.width / 2 - size.width / 2;
	return {
		left: clamp(left, gap, viewport.width - size.width - gap),
		top: clamp(top, gap, viewport.height - size.height - gap)
	};
}

function clamp(value: number, low: number, high: number): number {
	return Math.max(low, Math.min(high, value));
}
