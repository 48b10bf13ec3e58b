import type { HistoryStore } from '../core/history.ts';
import type { Connection, ConnectionOptions } from './connection.ts';
import { connect } from './connection.ts';
import { indexedDbWeights } from './indexeddb-weights.ts';
import { DATABASE } from './schema.ts';
import type { SettingsStore, StudioStore } from './studio-store.ts';

/**
 * Opens the lasting store.
 * @throws StudioError `storage` when IndexedDB is absent or refuses (private window, sandbox)
 */
export async function openIndexedDb(
	name = DATABASE,
	options: ConnectionOptions = {}
): Promise<StudioStore> {
	const connection = await connect(name, options);
	return {
		kind: 'indexeddb',
		reason: undefined,
		weights: indexedDbWeights(connection),
		history: history(connection),
		settings: settings(connection),
		close: () => connection.close()
	};
}

function history({ use }: Connection): HistoryStore {
	return {
		append: (entry) =>
			use('keeping the history', async (database) => {
				await database.put('history', entry);
			}),
		list: () =>
			use('reading the history', async (database) =>
				(await database.getAllFromIndex('history', 'savedAt')).reverse()
			),
		remove: (id) => use('deleting from the history', (database) => database.delete('history', id)),
		clear: () => use('clearing the history', (database) => database.clear('history'))
	};
}

function settings({ use }: Connection): SettingsStore {
	return {
		get: (key) => use('reading settings', (database) => database.get('settings', key)),
		set: (key, value) =>
			use('keeping settings', async (database) => {
				await database.put('settings', value, key);
			}),
		remove: (key) => use('deleting settings', (database) => database.delete('settings', key))
	};
}
