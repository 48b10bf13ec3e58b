import { describe, expect, it, vi } from 'vitest';
import { keepForOffline, watchForUpdate, type WorkerContainer } from './offline.ts';

/** A service worker container whose events a test fires. */
function fakeContainer(options: { controller: object | null; waiting: boolean }) {
	const listeners = new Map<string, () => void>();
	const sent: unknown[] = [];
	const worker = { postMessage: (message: unknown) => void sent.push(message) };
	let installingState = 'installing';
	const registration = {
		active: worker,
		waiting: options.waiting ? worker : null,
		installing: {
			get state() {
				return installingState as ServiceWorkerState;
			},
			addEventListener: (type: string, listener: () => void) => void listeners.set(type, listener)
		},
		addEventListener: (type: string, listener: () => void) => void listeners.set(type, listener)
	};
	const container = {
		controller: options.controller,
		ready: Promise.resolve(registration),
		addEventListener: (type: string, listener: () => void) => void listeners.set(type, listener)
	} as WorkerContainer;
	return {
		container,
		sent,
		fire: (type: string) => listeners.get(type)?.(),
		finishInstall() {
			installingState = 'installed';
			registration.waiting = worker;
			listeners.get('updatefound')?.();
			listeners.get('statechange')?.();
		}
	};
}

describe('keepForOffline', () => {
	it('tells the active worker which files to keep', async () => {
		const fake = fakeContainer({ controller: {}, waiting: false });
		await keepForOffline(['https://site/engine.wasm'], fake.container);
		expect(fake.sent).toEqual([{ type: 'keep-engine', urls: ['https://site/engine.wasm'] }]);
	});

	it('does nothing without files or without service workers', async () => {
		const fake = fakeContainer({ controller: {}, waiting: false });
		await keepForOffline([], fake.container);
		await keepForOffline(['https://site/engine.wasm'], undefined);
		expect(fake.sent).toEqual([]);
	});
});

describe('watchForUpdate', () => {
	it('offers a version that waits already, and takes over only when accepted', async () => {
		const fake = fakeContainer({ controller: {}, waiting: true });
		const reload = vi.fn();
		const offer = vi.fn<(accept: () => void) => void>();
		await watchForUpdate(offer, reload, fake.container);
		expect(offer).toHaveBeenCalledOnce();
		expect(fake.sent).toEqual([]);
		offer.mock.calls[0]?.[0]();
		expect(fake.sent).toEqual([{ type: 'take-over' }]);
		expect(reload).not.toHaveBeenCalled();
		fake.fire('controllerchange');
		expect(reload).toHaveBeenCalledOnce();
	});

	it('offers a version that arrives later', async () => {
		const fake = fakeContainer({ controller: {}, waiting: false });
		const offer = vi.fn();
		await watchForUpdate(offer, vi.fn(), fake.container);
		expect(offer).not.toHaveBeenCalled();
		fake.finishInstall();
		expect(offer).toHaveBeenCalledOnce();
	});

	it('says nothing of the first version', async () => {
		const fake = fakeContainer({ controller: null, waiting: false });
		const offer = vi.fn();
		await watchForUpdate(offer, vi.fn(), fake.container);
		fake.finishInstall();
		expect(offer).not.toHaveBeenCalled();
	});
});
