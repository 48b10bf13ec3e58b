import { StudioError } from '#lib/core/errors.ts';

/** A command line that cannot be understood: exit code 2. */
export class UsageError extends StudioError {
	constructor(message: string, hint: string) {
		super('bad-input', message, hint);
	}
}
