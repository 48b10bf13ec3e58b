/** The part of the Web Locks API that the hub uses. */
export interface Locks {
	/**
	 * Runs `work` while holding the named lock exclusively; waits for it first.
	 * @param signal gives up waiting (it does not interrupt work that has begun)
	 */
	hold<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
	/** Whether someone, in any tab, holds the lock now. */
	isHeld(name: string): Promise<boolean>;
}

/** The part of BroadcastChannel that the hub uses. */
export interface Channel {
	post(message: unknown): void;
	/** @returns stops listening */
	listen(receive: (message: unknown) => void): () => void;
}

/** The part of `navigator.storage` that the hub uses. */
export interface StorageManagerLike {
	/** Bytes in use and allowed for this site; undefined where the browser does not tell. */
	estimate(): Promise<{ readonly usage?: number; readonly quota?: number }>;
	persisted(): Promise<boolean>;
	/** Asks the browser not to evict; true when it promised. */
	persist(): Promise<boolean>;
}

/**
 * Everything that the hub takes from the world around it, so that it runs the same in a worker, a
 * sandboxed frame and a test.
 */
export interface HubEnvironment {
	readonly fetch: typeof globalThis.fetch;
	readonly locks: Locks;
	readonly channel: Channel;
	readonly storage: StorageManagerLike;
	/** SHA-256 of bytes as lower-case hexadecimal. */
	readonly sha256: (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;
	/** Milliseconds since 1970. */
	readonly now: () => number;
	/** Resolves after so many milliseconds, or at once when the signal fires. */
	readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
	/** False when the browser knows that there is no network. */
	readonly online: () => boolean;
	/** A connection that sends nothing for so many milliseconds counts as cut. */
	readonly stallMs: number;
}
