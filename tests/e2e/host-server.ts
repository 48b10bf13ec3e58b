import { createServer, type Server } from 'node:http';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const PENPAL = path.join(import.meta.dirname, '../../node_modules/penpal/dist/penpal.mjs');

/** A page of another site that embeds the writer the way our guide shows. */
const page = (studio: string): string => `<!doctype html>
<html lang="en">
	<head><meta charset="utf-8" /><title>Host</title><link rel="icon" href="data:," /></head>
	<body>
		<h1>Host</h1>
		<iframe id="writer" src="${studio}embed/" title="Vitrine writer" width="900" height="600"></iframe>
		<button id="generate">Ask</button>
		<button id="long">Ask for much</button>
		<button id="stop">Halt</button>
		<button id="wrong">Ask wrongly</button>
		<pre id="log" aria-label="Log"></pre>
		<script type="module">
			import { connect, WindowMessenger } from './penpal.mjs';
			const log = (line) => (document.querySelector('#log').textContent += line + '\\n');
			const connection = connect({
				messenger: new WindowMessenger({
					remoteWindow: document.querySelector('#writer').contentWindow,
					allowedOrigins: ['${new URL(studio).origin}']
				}),
				methods: {
					ready: ({ version }) => log('ready ' + version),
					token: () => log('token'),
					result: ({ tokens }) => log('event result ' + tokens.length),
					error: ({ message }) => log('event error ' + message)
				}
			});
			const ask = (request) => async () => {
				try {
					const writer = await connection.promise;
					const result = await writer.generate(request);
					log('result ' + result.tokens.length + ' ' + result.finish + ' ' + result.device);
				} catch (error) {
					log('error ' + error.code + ' ' + error.message);
				}
			};
			const on = (id, act) => document.querySelector(id).addEventListener('click', act);
			on('#generate', ask({ prompt: 'Once upon a time', maxTokens: 6, temperature: 0 }));
			on('#long', ask({ prompt: 'Once upon a time', maxTokens: 400, temperature: 1, seed: 3 }));
			on('#wrong', ask({ prompt: 'Once', maxTokens: -1 }));
			on('#stop', async () => (await connection.promise).stop());
		</script>
	</body>
</html>`;

/**
 * Serves the host page on the loopback interface, cross-origin isolated as strict sites are.
 * @param studio URL of the studio it embeds
 */
export async function serveHost(port: number, studio: string): Promise<Server> {
	const server = createServer((request, response) => {
		const script = request.url === '/penpal.mjs';
		response.writeHead(200, {
			'Content-Type': script ? 'text/javascript' : 'text/html; charset=utf-8',
			'Cross-Origin-Opener-Policy': 'same-origin',
			'Cross-Origin-Embedder-Policy': 'require-corp'
		});
		response.end(script ? readFileSync(PENPAL) : page(studio));
	});
	await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
	return server;
}
