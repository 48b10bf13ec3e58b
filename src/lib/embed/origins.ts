import { StudioError } from '#lib/core/errors.ts';

/**
 * Reads `embed.json`: which origins may talk to the embedded writer. `self` stands for the studio's
 * own origin; every other entry is one exact origin, because a pattern would let strangers in.
 * @param config parsed content of the file
 * @param self origin of the studio
 * @throws StudioError `bad-input` naming the entry that is not an exact origin
 */
export function readAllowedOrigins(config: unknown, self: string): string[] {
	const list = (config as { allowedOrigins?: unknown } | null)?.allowedOrigins;
	if (!Array.isArray(list)) {
		throw invalid('a list "allowedOrigins"', JSON.stringify(config));
	}
	return list.map((entry: unknown) => {
		if (entry === 'self') return self;
		if (typeof entry !== 'string' || !isExactOrigin(entry)) {
			throw invalid('"self" or exact origins such as "https://example.org"', String(entry));
		}
		return entry;
	});
}

function isExactOrigin(text: string): boolean {
	try {
		const url = new URL(text);
		return (
			!text.includes('*') &&
			url.origin === text &&
			(url.protocol === 'https:' || url.protocol === 'http:')
		);
	} catch {
		return false;
	}
}

function invalid(expected: string, came: string): StudioError {
	return new StudioError(
		'bad-input',
		`embed.json must hold ${expected}; got ${came.slice(0, 120)}.`,
		'Correct embed.json on the server that hosts the studio.'
	);
}
