import { createReadStream, existsSync, readFileSync } from 'node:fs';
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
 * @param {string[]} [options.embedOrigins] `self` and exact origins that may embed the writer; those
 *   of the build's embed.json by default
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve({
	port,
	directory = path.join(root, 'build'),
	base = '',
	isolated = true,
	embedOrigins = configuredOrigins(directory)
}) {
	if (!existsSync(path.join(directory, 'index.html'))) {
		throw new Error(`there is no build in ${directory}; run "npm run build" first`);
	}
	const frameAncestors = embedOrigins
		.map((origin) => (origin === 'self' ? "'self'" : origin))
		.join(' ');
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
		if (request.url === '/embed.json') {
			// The page's own check must know the same list as the header.
			response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });
			return response.end(JSON.stringify({ allowedOrigins: embedOrigins }));
		}
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

function configuredOrigins(directory) {
	if (process.env.EMBED_ORIGINS) return process.env.EMBED_ORIGINS.split(/[\s,]+/).filter(Boolean);
	const file = path.join(directory, 'embed.json');
	return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).allowedOrigins : ['self'];
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
			isolated: process.env.PLAIN_HOST !== '1'
		});
		console.log(`\nVitrine is at ${url}  (Ctrl+C stops it)`);
	} catch (error) {
		const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
		if (busy) fail(`Port ${port} is taken.`, 'Set another one: PORT=4180 npm start');
		fail(String(error instanceof Error ? error.message : error), 'Mend that and start again.');
	}
}
