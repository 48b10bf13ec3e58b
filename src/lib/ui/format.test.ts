import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	formatBytes,
	formatDuration,
	formatNumber,
	formatPercent,
	formatRate,
	formatToken
} from './format.ts';

describe('formatBytes', () => {
	it.each([
		[0, '0 B'],
		[999, '999 B'],
		[1000, '1.00 kB'],
		[18_620_312, '18.6 MB'],
		[999_499, '999 kB'],
		[999_600, '1.00 MB'],
		[99_960_000, '100 MB'],
		[5e15, '5000 TB'],
		[-1, 'unknown'],
		[Number.NaN, 'unknown']
	])('%d → %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

	it('is within half a per cent of the size and never shows four digits below a petabyte', () => {
		const scale = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 999_000_000_000_000 }), (bytes) => {
				const [number = '', unit = ''] = formatBytes(bytes).split(' ');
				const back = Number(number) * scale[unit as keyof typeof scale];
				expect(Math.abs(back - bytes) / bytes).toBeLessThan(0.0051);
				expect(Number(number)).toBeLessThan(1000);
			})
		);
	});
});

describe('formatDuration', () => {
	it.each([
		[0, '0 ms'],
		[840, '840 ms'],
		[999.6, '1.0 s'],
		[9_940, '9.9 s'],
		[12_300, '12 s'],
		[59_700, '1 min 00 s'],
		[185_000, '3 min 05 s'],
		[3_840_000, '1 h 04 min'],
		[-5, 'unknown'],
		[Infinity, 'unknown']
	])('%d ms → %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('formatPercent', () => {
	it.each([
		[1, '100 %'],
		[0.99999, '> 99.9 %'],
		[0.5, '50.0 %'],
		[0.123, '12.3 %'],
		[0.0042, '0.42 %'],
		[0.00001, '< 0.01 %'],
		[0, '0 %'],
		[Number.NaN, 'unknown']
	])('%d → %s', (p, text) => expect(formatPercent(p)).toBe(text));
});

describe('formatNumber, formatRate and formatToken', () => {
	it('groups thousands', () => expect(formatNumber(1234567.891)).toBe('1,234,567.89'));
	it('writes speeds', () => {
		expect(formatRate(38.24, 'tokens')).toBe('38.2 tokens/s');
		expect(formatRate(312.7, 'tokens')).toBe('313 tokens/s');
		expect(formatRate(Number.NaN, 'tokens')).toBe('unknown');
	});
	it.each([
		[' dog', '␣dog'],
		['\n', '↵'],
		['  ', '␣␣'],
		['', '(nothing)'],
		['dog', 'dog']
	])('shows the token %j as %s', (text, shown) => expect(formatToken(text)).toBe(shown));
});
