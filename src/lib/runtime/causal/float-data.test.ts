import { describe, expect, it } from 'vitest';
import { floatsOf, halfToNumber } from './float-data.ts';

describe('half precision', () => {
	it.each([
		[0x0000, 0],
		[0x3c00, 1],
		[0xc000, -2],
		[0x3555, 0.333251953125],
		[0x7bff, 65504],
		[0x0001, 2 ** -24],
		[0x0400, 2 ** -14],
		[0x7c00, Infinity],
		[0xfc00, -Infinity]
	])('%i is %f', (bits, value) => {
		expect(halfToNumber(bits)).toBe(value);
	});

	it('keeps NaN', () => {
		expect(halfToNumber(0x7e00)).toBeNaN();
	});

	it('refuses logits that are whole numbers', () => {
		const data = new BigInt64Array(1);
		expect(() => floatsOf({ location: 'cpu', type: 'int64', dims: [1], data })).toThrow(/int64/);
	});
});
