import { StudioError, throwIfAborted } from '../core/errors.ts';
import type { HubEnvironment } from './environment.ts';
import { TransientError, asTransient, withRetries } from './retry.ts';

export interface JsonRequest {
	/** What it is, for messages ("the list of models"). */
	readonly what: string;
	readonly url: string;
	/** Goes past every cache. */
	readonly fresh?: boolean;
	readonly signal?: AbortSignal;
}

/**
 * Fetches JSON, with retries.
 * @returns the parsed value and the response's headers
 * @throws StudioError `not-found`, `network`, `verification` (no JSON), `aborted`
 */
export async function fetchJson(
	environment: HubEnvironment,
	{ what, url, fresh = false, signal }: JsonRequest
): Promise<{ json: unknown; headers: Headers }> {
	return withRetries(environment, what, signal, async () => {
		const timeout = AbortSignal.timeout(environment.stallMs);
		const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
		try {
			const response = await environment.fetch(url, {
				cache: fresh ? 'reload' : 'no-cache',
				signal: either
			});
			checkJsonStatus(response, what, url);
			return { json: parse(await response.text(), what, url), headers: response.headers };
		} catch (error) {
			throwIfAborted(signal);
			if (timeout.aborted) throw new TransientError('the server does not answer');
			throw asTransient(error);
		}
	});
}

function checkJsonStatus(response: Response, what: string, url: string): void {
	const { status } = response;
	if (response.ok) return;
	if (status === 408 || status === 429 || status >= 500) {
		throw new TransientError(`the server answered ${status}`);
	}
	if (status === 404 || status === 410) {
		throw new StudioError(
			'not-found',
			`The server has no ${what} (${status} for ${url}).`,
			'Check the name, or reload the page to get the current list.'
		);
	}
	throw new StudioError(
		'network',
		`The server refused ${what} with status ${status} (${url}).`,
		'Check that the model is public, or open it from disk.'
	);
}

function parse(text: string, what: string, url: string): unknown {
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw new StudioError(
			'verification',
			`Expected ${what} as JSON at ${url}, but got something else.`,
			'Reload the page; if it happens again, the site or hub is misconfigured.',
			{ cause }
		);
	}
}
