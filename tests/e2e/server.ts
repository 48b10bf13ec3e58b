import { serve } from '../../scripts/serve.mjs';

/** Serves the build for all browser tests: at the root, under a sub-path, and without headers. */
export default async function startServers(): Promise<() => Promise<void>> {
	const servers = await Promise.all([
		serve({ port: 4391, embedOrigins: ['self', 'http://127.0.0.1:4393'] }),
		serve({ port: 4392, base: '/studio/vitrine', isolated: false })
	]);
	return async () => {
		await Promise.all(servers.map((server) => server.close()));
	};
}
