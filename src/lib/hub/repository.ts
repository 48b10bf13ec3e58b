import type { RepositoryAddress } from '../store/records.ts';
import type { Manifest } from './manifest.ts';

/** Where a model's files can be fetched. */
export interface Repository {
	readonly address: RepositoryAddress;
	/** The list of its files. `fresh` goes past every cache. */
	manifest(options: { readonly fresh?: boolean; readonly signal?: AbortSignal }): Promise<Manifest>;
	/** URL of a file, by its path. */
	urlOf(path: string): string;
}
