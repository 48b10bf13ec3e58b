import { describe, expect, it } from 'vitest';
import { readAllowedOrigins } from './origins.ts';
import { readEmbedRequest } from './protocol.ts';

describe('readEmbedRequest', () => {
	it('keeps known fields and drops unknown ones', () => {
		expect(readEmbedRequest({ prompt: 'Once', seed: 3, evil: 1, stop: ['.'] })).toEqual({
			prompt: 'Once',
			seed: 3,
			stop: ['.']
		});
	});

	it.each([
		[null, /"request" must be an object; got null/],
		[{}, /"prompt" must be a string/],
		[{ prompt: 'x', maxTokens: 0 }, /"maxTokens" must be a whole number from 1 to 4096; got 0/],
		[{ prompt: 'x', temperature: NaN }, /"temperature" must be a number from 0 to 2/],
		[{ prompt: 'x', seed: 1.5 }, /"seed" must be a whole number/],
		[{ prompt: 'x', stop: [''] }, /"stop" must be a list of non-empty strings/]
	])('refuses %j', (value, message) => {
		expect(() => readEmbedRequest(value)).toThrow(message);
	});
});

describe('readAllowedOrigins', () => {
	const self = 'https://studio.example';

	it('reads exact origins and self', () => {
		const config = { allowedOrigins: ['self', 'https://school.example:8443'] };
		expect(readAllowedOrigins(config, self)).toEqual([self, 'https://school.example:8443']);
	});

	it.each(['*', 'https://*.example.org', 'https://example.org/', 'example.org', 'data:x', 7])(
		'refuses %s',
		(entry) => {
			expect(() => readAllowedOrigins({ allowedOrigins: [entry] }, self)).toThrow(/exact origins/);
		}
	);

	it('refuses a file without a list', () => {
		expect(() => readAllowedOrigins({}, self)).toThrow(/"allowedOrigins"/);
	});
});
