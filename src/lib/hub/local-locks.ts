import { throwIfAborted } from '../core/errors.ts';
import type { Locks } from './environment.ts';

/**
 * Locks within one realm, for browsers without Web Locks (plain http, sandboxed frames). Two tabs
 * may then download the same model twice, which costs bandwidth and nothing else: what is stored
 * is addressed by content.
 */
export function localLocks(): Locks {
	const tails = new Map<string, Promise<unknown>>();
	return {
		hold: async (name, signal, work) => {
			const before = tails.get(name) ?? Promise.resolve();
			let release = (): void => undefined;
			const mine = new Promise<void>((resolve) => (release = resolve));
			const tail = before.then(() => mine);
			tails.set(name, tail);
			try {
				await waitOrAbort(before, signal);
				return await work();
			} finally {
				release();
				if (tails.get(name) === tail) tails.delete(name);
			}
		},
		isHeld: async (name) => tails.has(name)
	};
}

/** Waits for a promise, or throws `aborted` as soon as the signal fires. */
async function waitOrAbort(
	waiting: Promise<unknown>,
	signal: AbortSignal | undefined
): Promise<void> {
	throwIfAborted(signal);
	if (!signal) return void (await waiting);
	let stop = (): void => undefined;
	const aborted = new Promise<void>((resolve) => (stop = resolve));
	signal.addEventListener('abort', stop, { once: true });
	await Promise.race([waiting, aborted]);
	signal.removeEventListener('abort', stop);
	throwIfAborted(signal);
}
