import type { HubEnvironment } from './environment.ts';
import { fetchJson } from './fetch-json.ts';
import { parseManifest } from './manifest.ts';
import type { Repository } from './repository.ts';

/**
 * A model that is part of this site: `models/<id>/` with the manifest that the build wrote.
 * @param baseUrl absolute URL of the site's root, with a trailing slash
 */
export function siteRepository(
	environment: HubEnvironment,
	baseUrl: string,
	id: string
): Repository {
	const root = new URL(`models/${encodeURIComponent(id)}/`, baseUrl).href;
	const urlOf = (path: string): string => root + path.split('/').map(encodeURIComponent).join('/');
	return {
		address: { kind: 'site' },
		urlOf,
		manifest: async ({ fresh = false, signal }) => {
			const url = urlOf('manifest.json');
			const what = `the list of files of ${id}`;
			const { json } = await fetchJson(environment, {
				what,
				url,
				fresh,
				...(signal ? { signal } : {})
			});
			return parseManifest(json, url);
		}
	};
}
