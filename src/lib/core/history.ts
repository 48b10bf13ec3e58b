import type { Passage } from './passage.ts';

/** A passage kept on this machine. */
export interface HistoryEntry {
	/** Unique; made by whoever appends. */
	readonly id: string;
	/** Milliseconds since 1970. */
	readonly savedAt: number;
	readonly passage: Passage;
}

/** Where finished passages are kept. Every verb rejects with StudioError `storage` or `quota`. */
export interface HistoryStore {
	/** Keeps an entry; one with the same id is replaced. */
	append(entry: HistoryEntry): Promise<void>;
	/** All entries, newest first. */
	list(): Promise<readonly HistoryEntry[]>;
	/** Deletes an entry; an unknown id is ignored. */
	remove(id: string): Promise<void>;
	clear(): Promise<void>;
}
