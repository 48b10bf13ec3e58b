import { createContext } from 'svelte';
import type { DeviceReport, Provider } from '#lib/core/device.ts';
import { toStudioError, type StudioError } from '#lib/core/errors.ts';
import type { StudioClient } from '#lib/studio/client.ts';
import { keepForOffline } from './offline.ts';
import { Notices } from './notices.svelte.ts';

/** The engine as pages use it; tests give a typed fake. */
export type StudioEngine = Pick<
	StudioClient,
	| 'device'
	| 'generate'
	| 'history'
	| 'importModel'
	| 'installModel'
	| 'listModels'
	| 'loadModel'
	| 'onNotice'
	| 'removeModel'
	| 'storage'
	| 'tokenize'
	| 'usedFiles'
	| 'verifyModel'
>;

/** What is known of the device; `idle` until a page asks. */
export type DeviceState =
	| { readonly kind: 'idle' }
	| { readonly kind: 'asking' }
	| { readonly kind: 'known'; readonly report: DeviceReport }
	| { readonly kind: 'failed'; readonly error: StudioError };

/**
 * The one door through which pages reach the engine. The engine is created at the first call of
 * {@link engine}, in the browser, so no page's first paint waits for it.
 */
export class Studio {
	readonly notices = new Notices();
	readonly #create: () => Promise<StudioEngine>;
	#engine: Promise<StudioEngine> | undefined;
	#device: DeviceState = $state.raw({ kind: 'idle' });

	/** @param create makes the engine; called again after a failure */
	constructor(create: () => Promise<StudioEngine>) {
		this.#create = create;
	}

	/** The engine, created when it is first needed; a failure is not remembered. */
	engine(): Promise<StudioEngine> {
		this.#engine ??= this.#open();
		return this.#engine;
	}

	/** What is known of the device; call {@link askDevice} to find out. */
	get device(): DeviceState {
		return this.#device;
	}

	/** Starts the engine when it does not run yet, and keeps its report. */
	async askDevice(): Promise<void> {
		if (this.#device.kind !== 'known') this.#device = { kind: 'asking' };
		try {
			const engine = await this.engine();
			this.#device = { kind: 'known', report: await engine.device() };
		} catch (error) {
			this.#device = { kind: 'failed', error: toStudioError(error) };
		}
	}

	async #open(): Promise<StudioEngine> {
		try {
			const engine = await this.#create();
			engine.onNotice((notice) => {
				this.notices.addNotice(notice);
				// After a fallback the device is another one.
				if (notice.kind === 'fallback' && this.#device.kind === 'known') void this.askDevice();
			});
			return engine;
		} catch (error) {
			this.#engine = undefined;
			throw toStudioError(error, 'Reload the page; if it happens again, try another browser.');
		}
	}
}

/**
 * Opens the engine in a worker of this site.
 * @param baseUrl absolute URL of the site's root, with a trailing slash
 * @param persist false keeps weights in memory only (an embed without storage)
 */
export async function openEngine(baseUrl: string, persist = true): Promise<StudioEngine> {
	const [{ StudioClient }, { spawnEngine }] = await Promise.all([
		import('#lib/studio/client.ts'),
		import('#lib/studio/spawn.ts')
	]);
	const providers: readonly Provider[] = 'gpu' in navigator ? ['webgpu', 'wasm'] : ['wasm'];
	/** Has the service worker keep what the engine loaded by then, for the next visit offline. */
	class OfflineClient extends StudioClient {
		override async installModel(...job: Parameters<StudioClient['installModel']>) {
			await super.installModel(...job);
			this.#keep();
		}
		override async loadModel(...job: Parameters<StudioClient['loadModel']>) {
			const loaded = await super.loadModel(...job);
			this.#keep();
			return loaded;
		}
		#keep(): void {
			if (persist) void this.usedFiles().then(keepForOffline, () => undefined);
		}
	}
	return new OfflineClient({ spawn: spawnEngine, providers, baseUrl, persist });
}

const [getStudio, setStudio] = createContext<Studio>();

export {
	/** The studio of this page tree; throws outside of the root layout. */
	getStudio,
	/** Gives the studio to all pages below; called once, by the root layout (and by the embed). */
	setStudio
};
