import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
	'.html': 'text/html',
	'.js': 'text/javascript',
	'.mjs': 'text/javascript',
	'.json': 'application/json',
	'.wasm': 'application/wasm'
};

/** As strict as the studio's own policy for workers: no eval, no blob: scripts, no foreign origin. */
const POLICY = [
	"default-src 'self'",
	"script-src 'self' 'wasm-unsafe-eval'",
	"worker-src 'self'",
	"require-trusted-types-for 'script'"
].join('; ');

/**
 * Serves folders by URL prefix, the page with isolation headers and its scripts under a strict
 * policy.
 * @returns the server and its origin
 */
export async function serveFolders(
	folders: Readonly<Record<string, string>>
): Promise<{ server: Server; origin: string }> {
	const server = createServer((request, response) => {
		const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
		const prefix = Object.keys(folders).find((key) => path.startsWith(key));
		const rest = normalize(path.slice(prefix?.length ?? 0));
		const file = join(folders[prefix ?? ''] ?? '', rest);
		if (prefix === undefined || rest.startsWith('..') || !existsSync(file)) {
			response.writeHead(404).end();
			return;
		}
		response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
		response.setHeader('cross-origin-opener-policy', 'same-origin');
		response.setHeader('cross-origin-embedder-policy', 'require-corp');
		if (extname(file) !== '.html') response.setHeader('content-security-policy', POLICY);
		createReadStream(file).pipe(response);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return { server, origin: `http://localhost:${(server.address() as AddressInfo).port}` };
}
