/** The part of a service worker registration that these functions use. */
export interface WorkerRegistration {
	readonly active: Pick<ServiceWorker, 'postMessage'> | null;
	readonly waiting: Pick<ServiceWorker, 'postMessage'> | null;
	readonly installing: Pick<ServiceWorker, 'state' | 'addEventListener'> | null;
	addEventListener(type: 'updatefound', listener: () => void): void;
}

/** The part of `navigator.serviceWorker` that these functions use. */
export interface WorkerContainer {
	/** Null on a visit that no service worker serves yet. */
	readonly controller: object | null;
	readonly ready: Promise<WorkerRegistration>;
	addEventListener(
		type: 'controllerchange',
		listener: () => void,
		options?: { once?: boolean }
	): void;
}

function siteContainer(): WorkerContainer | undefined {
	return typeof navigator === 'undefined' ? undefined : navigator.serviceWorker;
}

/**
 * Has the service worker keep engine files that a page used, also those it loaded before the worker
 * controlled it. Without a service worker nothing happens.
 * @param urls absolute URLs of scripts and builds
 */
export async function keepForOffline(
	urls: readonly string[],
	container: WorkerContainer | undefined = siteContainer()
): Promise<void> {
	if (!container || urls.length === 0) return;
	const registration = await container.ready;
	registration.active?.postMessage({ type: 'keep-engine', urls });
}

/**
 * Watches for a new version of the studio; it waits until the person agrees.
 * @param offer called when one is ready, with the function that lets it take over
 * @param reload loads the page anew under the new version
 */
export async function watchForUpdate(
	offer: (accept: () => void) => void,
	reload: () => void,
	container: WorkerContainer | undefined = siteContainer()
): Promise<void> {
	if (!container) return;
	const registration = await container.ready;
	const tell = (): void => {
		const { waiting } = registration;
		// Without a controller this is the first version: there is nothing to replace.
		if (!waiting || !container.controller) return;
		offer(() => {
			container.addEventListener('controllerchange', reload, { once: true });
			waiting.postMessage({ type: 'take-over' });
		});
	};
	tell();
	registration.addEventListener('updatefound', () => {
		const { installing } = registration;
		installing?.addEventListener('statechange', () => {
			if (installing.state === 'installed') tell();
		});
	});
}
