import type { DeviceReport, Provider } from '#lib/core/device.ts';
import { StudioError, toStudioError } from '#lib/core/errors.ts';
import type { Notice } from '#lib/core/notice.ts';
import type { EngineConfig, StudioApi } from './api.ts';

/** A running engine worker as the supervisor sees it; {@link spawnEngine} makes real ones. */
export interface EngineHandle {
	readonly api: StudioApi;
	/** Calls back once when the worker itself dies (script error, out of memory). */
	onCrash(listener: (error: StudioError) => void): void;
	terminate(): void;
}

export interface SupervisorOptions {
	readonly spawn: () => EngineHandle;
	/** Providers to try, best first. */
	readonly providers: readonly Provider[];
	readonly baseUrl: string;
	readonly persist: boolean;
	readonly notify: (notice: Notice) => void;
}

interface Engine {
	readonly handle: EngineHandle;
	readonly provider: Provider;
	readonly report: DeviceReport;
	/** Rejects when the worker dies; never resolves. */
	readonly crashed: Promise<never>;
}

const PROVIDER_NAMES: Record<Provider, string> = {
	webgpu: 'the GPU (WebGPU)',
	wasm: 'the processor (WebAssembly)'
};

/**
 * Keeps one engine worker alive. A worker tries one provider; whatever fails to start or run, and
 * any lost device, ends that worker, and a fresh one goes on with the next provider: one failure
 * poisons onnxruntime-web's whole realm, so nothing less than a new worker is safe.
 */
export class Supervisor {
	readonly #options: SupervisorOptions;
	#attempt = 0;
	#reason: string | undefined;
	#engine: Promise<Engine> | undefined;
	#disposed = false;

	constructor(options: SupervisorOptions) {
		this.#options = options;
	}

	/** The report of the provider that runs, starting a worker when there is none. */
	async report(): Promise<DeviceReport> {
		return (await this.#current()).report;
	}

	/**
	 * Runs a job on the engine. When the engine fails for reasons of its own, the job is run again
	 * on the next provider's worker; a job that can go on where it stopped keeps its own state.
	 */
	async call<T>(job: (api: StudioApi) => Promise<T>): Promise<T> {
		for (;;) {
			const engine = await this.#current();
			try {
				return await Promise.race([job(engine.handle.api), engine.crashed]);
			} catch (error) {
				const failure = toStudioError(error);
				if (!isEngineFailure(failure, engine.provider)) throw failure;
				if (!this.#replace(engine, failure)) throw failure;
			}
		}
	}

	/** Ends the worker for good; later calls fail. */
	dispose(): void {
		this.#disposed = true;
		void this.#engine?.then((engine) => engine.handle.terminate()).catch(() => undefined);
		this.#engine = undefined;
	}

	#current(): Promise<Engine> {
		if (this.#disposed) {
			throw new StudioError('internal', 'The studio was closed.', 'Reload the page.');
		}
		this.#engine ??= this.#startNext();
		return this.#engine;
	}

	async #startNext(): Promise<Engine> {
		const { providers } = this.#options;
		let failure: StudioError | undefined;
		for (; this.#attempt < providers.length; this.#attempt++) {
			const provider = providers[this.#attempt];
			if (!provider) break;
			try {
				return await this.#start(provider);
			} catch (error) {
				failure = toStudioError(error);
				this.#reason = failure.message;
				if (failure.code !== 'unsupported') this.#tellFallback(provider, failure);
			}
		}
		this.#engine = undefined;
		this.#attempt = providers.length - 1;
		throw (
			failure ??
			new StudioError('unsupported', 'No way to run models was found here.', 'Try another browser.')
		);
	}

	async #start(provider: Provider): Promise<Engine> {
		const { spawn, baseUrl, persist } = this.#options;
		const handle = spawn();
		const crashed = new Promise<never>((_, reject) => handle.onCrash(reject));
		crashed.catch(() => undefined);
		const config: EngineConfig = {
			provider,
			baseUrl,
			persist,
			...(this.#reason === undefined ? {} : { fallbackReason: this.#reason })
		};
		try {
			const report = await Promise.race([handle.api.start(config), crashed]);
			return { handle, provider, report, crashed };
		} catch (error) {
			handle.terminate();
			throw error;
		}
	}

	/** Ends a failed engine. @returns whether the job should be tried again */
	#replace(engine: Engine, failure: StudioError): boolean {
		const { providers, notify } = this.#options;
		engine.handle.terminate();
		const next = providers[this.#attempt + 1];
		const isCurrent = providers[this.#attempt] === engine.provider && this.#engine !== undefined;
		if (!isCurrent) return true;
		this.#engine = undefined;
		if (!next) {
			notify({
				kind: 'error',
				message: `The engine stopped: ${failure.message}`,
				hint: 'A fresh one is ready; what you had is kept. Try again.'
			});
			return false;
		}
		this.#tellFallback(engine.provider, failure);
		this.#attempt++;
		this.#reason = failure.message;
		return true;
	}

	#tellFallback(provider: Provider, failure: StudioError): void {
		const next = this.#options.providers[this.#attempt + 1];
		if (!next) return;
		this.#options.notify({
			kind: 'fallback',
			message: `${capital(PROVIDER_NAMES[provider])} failed (${failure.message}); going on with ${PROVIDER_NAMES[next]}.`,
			hint: 'Nothing is lost. Reload the page to try the GPU again.'
		});
	}
}

/** Errors that say something about the engine rather than about what it was asked. */
function isEngineFailure(error: StudioError, provider: Provider): boolean {
	if (error.code === 'device-lost') return true;
	return (
		(error.code === 'internal' || error.code === 'out-of-memory') &&
		(provider === 'webgpu' || error.code === 'internal')
	);
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
