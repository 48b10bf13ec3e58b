import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sirv from 'sirv';
import { headersFor } from './headers.mjs';
import { fail, root } from './run.mjs';

/**
 * Serves a built studio on the loopback interface.
 * @param {object} options
 * @param {number} options.port 0 takes any free port
 * @param {string} [options.directory] the build to serve
 * @param {string} [options.base] sub-path under which the site lies, such as `/studio`
 * @param {boolean} [options.isolated] false sends no headers at all, as a plain file host does
 * @param {string} [options.frameAncestors] CSP source list of the origins that may embed the writer
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve({
	port,
	directory = path.join(root, 'build'),
	base = '',
	isolated = true,
	frameAncestors
}) {
	if (!existsSync(path.join(directory, 'index.html'))) {
		throw new Error(`there is no build in ${directory}; run "npm run build" first`);
	}
	const files = sirv(directory, {
		etag: true,
		dotfiles: false,
		setHeaders(response, pathname) {
			if (!isolated) return;
			for (const [name, value] of Object.entries(headersFor(pathname, { frameAncestors }))) {
				response.setHeader(name, value);
			}
		}
	});
	const server = createServer((request, response) => {
		const url = request.url ?? '/';
		if (base && url !== base && !url.startsWith(`${base}/`)) return notFound(directory, response);
		request.url = url.slice(base.length) || '/';
		files(request, response, () => notFound(directory, response));
	});
	await new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return {
		url: `http://localhost:${server.address().port}${base}/`,
		close: () => {
			server.closeAllConnections();
			return new Promise((resolve) => server.close(() => resolve()));
		}
	};
}

function notFound(directory, response) {
	response.writeHead(404, { 'Content-Type': 'text/html; charset=utf-8', ...headersFor('/404') });
	const page = path.join(directory, '404.html');
	if (existsSync(page)) createReadStream(page).pipe(response);
	else response.end('Not found');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
	const port = Number(process.env.PORT ?? 4173);
	try {
		const { url } = await serve({
			port,
			base: process.env.BASE_PATH ?? '',
			isolated: process.env.PLAIN_HOST !== '1',
			frameAncestors: process.env.FRAME_ANCESTORS
		});
		console.log(`\nVitrine is at ${url}  (Ctrl+C stops it)`);
	} catch (error) {
		const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
		if (busy) fail(`Port ${port} is taken.`, 'Set another one: PORT=4180 npm start');
		fail(String(error instanceof Error ? error.message : error), 'Mend that and start again.');
	}
}
