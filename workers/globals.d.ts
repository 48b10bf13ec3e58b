// What the worker library of TypeScript leaves out of shared code that asks before it uses.

interface StorageManager {
	/** Pages only; workers find it missing and the page asks instead. */
	persist?(): Promise<boolean>;
}

interface Navigator {
	readonly onLine: boolean;
}
