import { expose, wrap } from 'comlink';
import { expect, it } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import { installErrorTransfer } from './wire.ts';

interface Failing {
	studio(): Promise<void>;
	plain(): Promise<void>;
}

it('carries StudioErrors with code and hint, and other errors with their message', async () => {
	installErrorTransfer();
	installErrorTransfer();
	const { port1, port2 } = new MessageChannel();
	const failing: Failing = {
		studio: async () => {
			throw new StudioError('quota', 'full', 'delete a model');
		},
		plain: async () => {
			throw new TypeError('plain');
		}
	};
	expose(failing, port1);
	const remote = wrap<Failing>(port2);
	await expect(remote.studio()).rejects.toBeInstanceOf(StudioError);
	await expect(remote.studio()).rejects.toMatchObject({ code: 'quota', hint: 'delete a model' });
	await expect(remote.plain()).rejects.toMatchObject({ message: 'plain', name: 'TypeError' });
	port1.close();
	port2.close();
});
