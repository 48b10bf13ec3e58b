import { serve } from '../../scripts/serve.mjs';
import { serveHost } from './host-server.ts';

/**
 * Serves the build for all browser tests: at the root, under a sub-path without headers, and inside
 * pages of two other sites, of which only the first is on the list.
 */
export default async function startServers(): Promise<() => Promise<void>> {
	const sites = await Promise.all([
		serve({ port: 4391, embedOrigins: ['self', 'http://127.0.0.1:4393'] }),
		serve({ port: 4392, base: '/studio/vitrine', isolated: false })
	]);
	const hosts = await Promise.all([
		serveHost(4393, 'http://localhost:4391/'),
		serveHost(4394, 'http://localhost:4391/')
	]);
	return async () => {
		for (const host of hosts) {
			host.closeAllConnections();
			host.close();
		}
		await Promise.all(sites.map((site) => site.close()));
	};
}
