import type { LocalFile } from '../core/catalogue.ts';
import { StudioError } from '../core/errors.ts';
import type { InstalledVariant } from '../store/records.ts';
import { assembleVariant } from './assemble-variant.ts';
import type { Claim } from './claim.ts';
import { openClaim } from './claim.ts';
import type { HubContext } from './context.ts';
import type { FolderModel } from './inspect-folder.ts';
import { inspectFolder } from './inspect-folder.ts';
import type { InstallOptions } from './install.ts';
import { installLock, withInstallLock } from './install-lock.ts';
import { makeRoom } from './quota.ts';

/**
 * Keeps a Hugging Face-layout folder as a model: every variant in it, or nothing when any file is
 * damaged. A model imported under the same name before is replaced when this one is complete.
 * @param name what the person calls it (the folder's name)
 * @throws StudioError `bad-model` naming the file and what to do, `quota`, `aborted`
 */
export async function importDisk(
	context: HubContext,
	name: string,
	files: readonly LocalFile[],
	options: InstallOptions = {}
): Promise<readonly InstalledVariant[]> {
	const model = await inspectFolder(name, files);
	const key = importKey(model.entry.id);
	return withInstallLock(context.environment, key, options, async (onProgress) => {
		const bytes = model.files.reduce((sum, { blob }) => sum + blob.size, 0);
		await makeRoom(context, bytes, model.entry.title);
		const claim = await openClaim(context.store.weights, {
			...{ key, purpose: 'import', id: model.entry.id, variant: '' },
			chunks: [],
			partial: []
		});
		try {
			return await importVariants(context, model, claim, { ...options, onProgress });
		} catch (error) {
			await context.store.weights.dropLease(key);
			throw asFolderError(error);
		}
	});
}

async function importVariants(
	context: HubContext,
	model: FolderModel,
	claim: Claim,
	options: InstallOptions
): Promise<readonly InstalledVariant[]> {
	const records: InstalledVariant[] = [];
	for (const variant of model.variants) {
		const { entry, files } = model;
		records.push(
			await assembleVariant(context.environment, {
				...{ entry, variant, files, claim, address: { kind: 'disk' } },
				...options
			})
		);
	}
	const missing = await context.store.weights.commit(records, claim.key, true);
	if (missing.length === 0) return records;
	throw new StudioError(
		'storage',
		`The browser did not keep what was read of ${model.entry.title}.`,
		'Free disk space, then open the folder again; private windows may refuse large data.'
	);
}

/** Deletes what imports left that were killed half-way: they cannot go on without their folder. */
export async function sweepImports({ environment, store }: HubContext): Promise<void> {
	for (const { key, purpose } of await store.weights.leases()) {
		if (purpose !== 'import') continue;
		if (!(await environment.locks.isHeld(installLock(key)))) await store.weights.dropLease(key);
	}
}

function importKey(id: string): string {
	return `import/${id}`;
}

/** A file that cannot be read lies on disk here, not in the browser's storage. */
function asFolderError(error: unknown): unknown {
	if (!(error instanceof StudioError) || error.code !== 'verification') return error;
	return new StudioError(
		'bad-model',
		`A file of the folder could not be read to its end. ${error.message}`,
		'Check that the folder is complete and not being written to, then open it again.',
		{ cause: error }
	);
}
