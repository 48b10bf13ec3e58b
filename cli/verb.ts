/** What a verb may use of the world outside. */
export interface Terminal {
	/** Writes to standard output. */
	print(text: string): void;
	/** Writes to standard error. */
	note(text: string): void;
	/** Fires on Ctrl-C. */
	readonly signal: AbortSignal;
	/** Milliseconds on a monotonic clock. */
	now(): number;
	/** Resolves in a later task, so that an interrupt can be heard. */
	pause(): Promise<void>;
}

/** One verb of the command line; each has a file of its own, named after it. */
export interface Verb {
	/** How to call it and what its options do, for `--help`. */
	readonly usage: string;
	/**
	 * @param args the arguments behind the verb
	 * @returns the exit code
	 * @throws UsageError for arguments that make no sense, StudioError for everything else
	 */
	run(args: string[], terminal: Terminal): Promise<number>;
}
