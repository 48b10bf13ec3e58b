/**
 * Loads a model folder the way anyone would, with plain transformers.js over HTTP (in Node its
 * native runtime is replaced by onnxruntime-web, see stubs/), and checks the tokenizer against bpe.py.
 *
 *   python3 check_tokenizer.py > cache/tokens.json
 *   node check_hub.mjs ../../static/models/storyteller cache/tokens.json
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, AutoTokenizer, pipeline } from '@huggingface/transformers';
import * as ort from 'onnxruntime-web';

const [folder, tokensPath] = process.argv.slice(2);
const root = resolve(folder);

const requested = [];
const server = createServer(async (request, response) => {
	const path = new URL(request.url, 'http://localhost').pathname.replace(/^\/storyteller\//, '');
	requested.push(path);
	try {
		const body = await readFile(join(root, path));
		response.writeHead(200, { 'content-length': body.length });
		response.end(request.method === 'HEAD' ? undefined : body);
	} catch {
		response.writeHead(404).end();
	}
});
server.keepAliveTimeout = 600_000; // encoding blocks this process for longer than the default 5 s
await new Promise((done) => server.listen(0, done));
env.allowLocalModels = false;
env.useBrowserCache = false;
// In Node, transformers.js opens model files by path only, so it needs a cache folder: a fresh one.
env.cacheDir = await mkdtemp(join(tmpdir(), 'storyteller-'));
env.useWasmCache = false;
env.remoteHost = `http://localhost:${server.address().port}/`;
ort.env.wasm.wasmPaths = undefined; // transformers.js points it to a CDN
ort.env.wasm.numThreads = 1;
env.remotePathTemplate = '{model}/';

try {
	const tokenizer = await AutoTokenizer.from_pretrained('storyteller');
	for (const { text, ids } of JSON.parse(await readFile(tokensPath, 'utf8'))) {
		assert.deepEqual(tokenizer.encode(text), [0, ...ids], text.slice(0, 60));
		if (ids.length === 0) continue;
		assert.equal(tokenizer.decode(ids, { clean_up_tokenization_spaces: false }), text);
	}
	console.log('the tokenizer agrees with bpe.py');
	for (const dtype of ['fp32', 'q8', 'q4']) {
		const generate = await pipeline('text-generation', 'storyteller', { dtype, device: 'cpu' });
		const [{ generated_text: text }] = await generate('Words: dog, boat, brave\n', {
			max_new_tokens: 40,
			do_sample: false
		});
		assert.ok(text.length > 60);
		console.log(`${dtype}: ${JSON.stringify(text)}`);
		await generate.dispose();
	}
	console.log(`files asked for: ${[...new Set(requested)].join(', ')}`);
} finally {
	server.close();
	await rm(env.cacheDir, { recursive: true });
}
