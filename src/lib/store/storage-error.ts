import { StudioError } from '../core/errors.ts';

const QUOTA_HINT =
	'Delete a model on the Models page or free disk space, then try again: what is already stored is kept.';

/**
 * Turns what IndexedDB throws into a {@link StudioError}: `quota` when the disk or the browser's
 * allowance is full, else `storage`.
 * @param doing what was being done, for the message ("writing a model")
 */
export function storageError(error: unknown, doing: string): StudioError {
	if (error instanceof StudioError) return error;
	const name = error instanceof Error ? error.name : 'Error';
	const message = error instanceof Error ? error.message : String(error);
	if (isQuota(name, message)) {
		return new StudioError('quota', `The browser ran out of space while ${doing}.`, QUOTA_HINT, {
			cause: error
		});
	}
	if (name === 'VersionError') {
		return new StudioError(
			'storage',
			'The data on this machine were written by a newer version of Vitrine than this page.',
			'Reload the page to get the newer version.',
			{ cause: error }
		);
	}
	return new StudioError(
		'storage',
		`The browser's storage failed while ${doing}: ${name}: ${message}.`,
		'Reload the page; if it happens again, clear this site’s data in the browser’s settings.',
		{ cause: error }
	);
}

/** Firefox reports a full disk under its own name; Chromium says so for blobs in the message. */
function isQuota(name: string, message: string): boolean {
	return (
		name === 'QuotaExceededError' ||
		name === 'NS_ERROR_FILE_NO_DEVICE_SPACE' ||
		/quota|disk is full|no space/i.test(message)
	);
}
