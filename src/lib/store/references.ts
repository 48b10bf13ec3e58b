import { StudioError } from '../core/errors.ts';
import type { InstalledVariant, Lease } from './records.ts';
import { chunksOf } from './records.ts';

/** Every chunk that some record or lease names: what a sweep must leave. */
export function referencedChunks(
	variants: Iterable<InstalledVariant>,
	leases: Iterable<Lease>
): Set<string> {
	const named = new Set<string>();
	for (const record of variants) for (const hash of chunksOf(record)) named.add(hash);
	for (const lease of leases) {
		for (const { sha256 } of lease.chunks) named.add(sha256);
		for (const { chunks } of lease.partial) for (const hash of chunks) named.add(hash);
	}
	return named;
}

/** The error for writing under a lease that someone ended, by deleting the model. */
export function leaseGone(): StudioError {
	return new StudioError(
		'aborted',
		'The model was deleted, perhaps in another tab, while it was being installed.',
		'Install it again if you want it.'
	);
}
