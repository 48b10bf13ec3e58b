import { openDB } from 'idb';
import { StudioError } from '../core/errors.ts';
import type { StudioDatabase, StudioSchema } from './schema.ts';
import { UPGRADES } from './schema.ts';
import { storageError } from './storage-error.ts';

/** How long an upgrade waits for other tabs to let go of the old version, in milliseconds. */
const BLOCKED_PATIENCE = 5_000;

/** A database that reopens itself after the browser or another tab closed it. */
export interface Connection {
	/**
	 * Runs work on the open database.
	 * @param doing what the work is, for error messages
	 * @throws StudioError `quota` or `storage`
	 */
	use<T>(doing: string, work: (database: StudioDatabase) => Promise<T>): Promise<T>;
	close(): void;
}

export interface ConnectionOptions {
	/** Steps of the schema; the version is their number. */
	readonly upgrades?: typeof UPGRADES;
	/** Milliseconds to wait for other tabs during an upgrade. */
	readonly patience?: number;
}

/**
 * Opens the database and brings it to this version. An older connection, of another tab, closes
 * itself when a newer version asks; one that does not is named after a few seconds.
 * @throws StudioError `storage` when it cannot be opened (private window, newer data, blocked)
 */
export async function connect(name: string, options: ConnectionOptions = {}): Promise<Connection> {
	let database: Promise<StudioDatabase> | undefined;
	let superseded = false;
	const open = (): Promise<StudioDatabase> => {
		if (superseded) return Promise.reject(newerVersion());
		database ??= openOnce(name, options, {
			blocking: () => {
				superseded = true;
				release();
			},
			terminated: () => (database = undefined)
		}).catch((error: unknown) => {
			database = undefined;
			throw error;
		});
		return database;
	};
	const release = (): void => {
		database?.then(
			(db) => db.close(),
			() => undefined
		);
		database = undefined;
	};
	await open().catch((error: unknown) => {
		throw storageError(error, 'opening its database');
	});
	return {
		use: async (doing, work) => {
			try {
				return await work(await open());
			} catch (error) {
				throw storageError(error, doing);
			}
		},
		close: release
	};
}

async function openOnce(
	name: string,
	{ upgrades = UPGRADES, patience = BLOCKED_PATIENCE }: ConnectionOptions,
	on: { readonly blocking: () => void; readonly terminated: () => void }
): Promise<StudioDatabase> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let late = false;
	const opening = { refuse: (_error: StudioError): void => undefined };
	const refused = new Promise<never>((_, reject) => (opening.refuse = reject));
	const opened = openDB<StudioSchema>(name, upgrades.length, {
		upgrade: (database, oldVersion) => {
			for (const step of upgrades.slice(oldVersion)) step(database);
		},
		blocked: () => {
			timer = setTimeout(() => {
				late = true;
				opening.refuse(blockedByTab());
			}, patience);
		},
		...on
	});
	// An upgrade that gets through after we gave up must not stay open and block others.
	opened.then(
		(database) => late && database.close(),
		() => undefined
	);
	try {
		return await Promise.race([opened, refused]);
	} finally {
		clearTimeout(timer);
	}
}

function newerVersion(): StudioError {
	return new StudioError(
		'storage',
		'Another tab has updated Vitrine’s data to a newer version.',
		'Reload this page to go on with the newer version.'
	);
}

function blockedByTab(): StudioError {
	return new StudioError(
		'storage',
		'Another tab holds an older version of Vitrine’s data open, so this one cannot be updated.',
		'Close the other tabs of this site, then reload this page.'
	);
}
