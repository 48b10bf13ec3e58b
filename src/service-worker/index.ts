import { version } from '$app/env';
import { assets, immutable, prerendered } from '$app/manifest';
import { self } from '$app/service-worker';
import { isEngineFile, isKept } from './cache-policy.ts';

/**
 * Keeps the studio usable without a network. Pages and chunks of one version are kept together, so
 * that HTML never meets chunks of another build; an update waits until the person agrees. Model
 * weights are not its business: the store owns them.
 */

const PAGES = `vitrine-pages-${version}`;
/** Engine builds are content-hashed, so they outlive a version of the pages. */
const ENGINE = 'vitrine-engine';

const scope = self.registration.scope;
const absolute = (path: string): string => new URL(path.replace(/^\//, ''), scope).href;
const precached = [...prerendered, ...immutable, ...assets]
	.map(({ path }) => absolute(path))
	.filter((url) => isKept(new URL(url).pathname));
const known = new Set(precached);

self.addEventListener('install', (event) => {
	event.waitUntil(
		caches
			.open(PAGES)
			.then((cache) =>
				cache.addAll(precached.map((url) => new Request(url, { cache: 'no-cache' })))
			)
	);
});

self.addEventListener('activate', (event) => {
	event.waitUntil(
		(async () => {
			const names = await caches.keys();
			const old = names.filter((name) => name.startsWith('vitrine-pages-') && name !== PAGES);
			await Promise.all(old.map((name) => caches.delete(name)));
			await self.clients.claim();
		})()
	);
});

self.addEventListener('message', (event) => {
	const data = event.data as { type?: string; urls?: unknown };
	if (data.type === 'take-over') void self.skipWaiting();
	if (data.type === 'keep-engine' && Array.isArray(data.urls)) {
		event.waitUntil(keepEngine(data.urls.filter((url) => typeof url === 'string')));
	}
});

self.addEventListener('fetch', (event) => {
	const { request } = event;
	if (request.method !== 'GET' || !request.url.startsWith(scope)) return;
	const url = new URL(request.url);
	if (request.mode === 'navigate') event.respondWith(page(request, url));
	else if (isEngineFile(url.pathname)) event.respondWith(engineFile(request));
	else if (known.has(url.origin + url.pathname)) event.respondWith(kept(request, url));
});

/** A page of this version from the cache; one we do not know from the network. */
async function page(request: Request, url: URL): Promise<Response> {
	const cache = await caches.open(PAGES);
	const path = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
	const hit = await cache.match(url.origin + path, { ignoreVary: true });
	return hit ?? fetch(request);
}

async function kept(request: Request, url: URL): Promise<Response> {
	const cache = await caches.open(PAGES);
	return (await cache.match(url.origin + url.pathname, { ignoreVary: true })) ?? fetch(request);
}

/** Engine builds: from the cache, else from the network and kept. */
async function engineFile(request: Request): Promise<Response> {
	const cache = await caches.open(ENGINE);
	const hit = await cache.match(request.url, { ignoreVary: true });
	if (hit) return hit;
	const response = await fetch(request);
	if (response.status === 200) await cache.put(request.url, response.clone());
	return response;
}

/** Keeps the engine files a page used before this worker controlled it, and drops other builds. */
async function keepEngine(urls: readonly string[]): Promise<void> {
	const cache = await caches.open(ENGINE);
	const wanted = urls.filter((url) => url.startsWith(scope) && isEngineFile(new URL(url).pathname));
	for (const url of wanted) {
		if (!(await cache.match(url, { ignoreVary: true }))) await cache.add(url);
	}
}
