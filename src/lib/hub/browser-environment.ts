import type { Channel, HubEnvironment, Locks, StorageManagerLike } from './environment.ts';
import { localLocks } from './local-locks.ts';
import { sha256 } from './sha256.ts';

/** A connection on which nothing came for this long is taken as cut, in milliseconds. */
const STALL_MS = 30_000;

/** The environment of a page, worker or frame; what is missing there is replaced or left out. */
export function browserEnvironment(): HubEnvironment {
	return {
		fetch: (input, init) => globalThis.fetch(input, init),
		locks: webLocks() ?? localLocks(),
		channel: broadcastChannel('vitrine:install'),
		storage: storageManager(),
		sha256,
		now: () => Date.now(),
		sleep,
		online: () => property(() => navigator.onLine) ?? true,
		stallMs: STALL_MS
	};
}

/** Resolves after so many milliseconds, or at once when the signal fires. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal?.aborted) return resolve();
		const finish = (): void => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', finish);
			resolve();
		};
		const timer = setTimeout(finish, milliseconds);
		signal?.addEventListener('abort', finish, { once: true });
	});
}

/** Web Locks, where the browser lets this realm use them. */
function webLocks(): Locks | undefined {
	const locks = property(() => navigator.locks);
	if (!locks) return undefined;
	const own = localLocks();
	return {
		async hold(name, signal, work) {
			let begun = false;
			try {
				return await locks.request(name, signal ? { signal } : {}, () => {
					begun = true;
					return work();
				});
			} catch (error) {
				if (begun || !isDenied(error)) throw error;
				return own.hold(name, signal, work);
			}
		},
		async isHeld(name) {
			try {
				const { held = [] } = await locks.query();
				return held.some((lock) => lock.name === name);
			} catch (error) {
				if (!isDenied(error)) throw error;
				return own.isHeld(name);
			}
		}
	};
}

/** Where site data are blocked the API is there and refuses: nothing is shared, so no lock is needed. */
function isDenied(error: unknown): boolean {
	return error instanceof DOMException && error.name === 'SecurityError';
}

function broadcastChannel(name: string): Channel {
	const channel = property(() => new BroadcastChannel(name));
	return {
		post: (message) => channel?.postMessage(message),
		listen: (receive) => {
			const handle = (event: MessageEvent<unknown>): void => receive(event.data);
			channel?.addEventListener('message', handle);
			return () => channel?.removeEventListener('message', handle);
		}
	};
}

function storageManager(): StorageManagerLike {
	const storage = property(() => navigator.storage);
	return {
		estimate: async () => (await attempt(() => storage?.estimate?.())) ?? {},
		persisted: async () => (await attempt(() => storage?.persisted?.())) ?? false,
		persist: async () => (await attempt(() => storage?.persist?.())) ?? false
	};
}

/** A property of the environment; undefined where absent or where looking at it throws (sandbox). */
function property<T>(read: () => T): T | undefined {
	try {
		return read() ?? undefined;
	} catch {
		return undefined;
	}
}

/** The storage manager's answers are advice: a refusal (opaque origin) counts as no answer. */
async function attempt<T>(ask: () => Promise<T> | undefined): Promise<T | undefined> {
	try {
		return await ask();
	} catch {
		return undefined;
	}
}
