/**
 * Writes static/models/<id>/manifest.json for every bundled model, and static/models/index.json:
 * what files there are, their sizes, and the SHA-256 of every piece. The same files give the same
 * lists, byte for byte. Run it after a model changed; a unit test compares the lists with the files.
 *
 *     npm exec -- node scripts/make-manifests.mjs [--check] [MODELS_FOLDER]
 *
 * Each model's folder holds a hand-written vitrine.json: title, task, description, licence and
 * the default variant for each kind of machine ({"wasm", "webgpu", "lowMemory"}).
 * --check writes nothing and fails when a list is out of date.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildManifest } from '../src/lib/hub/build-manifest.ts';
import { entryOf } from '../src/lib/hub/manifest.ts';
import { sha256 } from '../src/lib/hub/sha256.ts';

const DEFAULT_FOLDER = fileURLToPath(new URL('../static/models', import.meta.url));

/**
 * The lists of a folder of models.
 * @param {string} folder
 * @returns {Promise<Map<string, string>>} file name (relative to the folder) → its text
 */
export async function makeManifests(folder) {
	const lists = new Map();
	const models = [];
	for (const id of modelFolders(folder)) {
		const root = join(folder, id);
		const card = JSON.parse(readFileSync(join(root, 'vitrine.json'), 'utf8'));
		const files = filesUnder(root).map((path) => ({
			path,
			bytes: new Uint8Array(readFileSync(join(root, path)))
		}));
		if (!files.some(({ path }) => path.endsWith('.onnx'))) continue;
		const manifest = await buildManifest(id, card, files, sha256);
		lists.set(join(id, 'manifest.json'), toText(manifest));
		models.push(entryOf(manifest));
	}
	lists.set('index.json', toText({ schema: 1, models }));
	return lists;
}

function modelFolders(folder) {
	const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
	return entries
		.filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'vitrine.json')))
		.map((entry) => entry.name)
		.sort();
}

function filesUnder(root) {
	return readdirSync(root, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
		.map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
		.sort();
}

/** JSON with one chunk a line, so that a changed weight is a changed line. */
function toText(value) {
	const text = JSON.stringify(value, undefined, '\t');
	return `${text.replace(/\{\s+"size": (\d+),\s+"sha256": ("[0-9a-f]{64}")\s+\}/g, '{ "size": $1, "sha256": $2 }')}\n`;
}

async function main(argv) {
	const check = argv.includes('--check');
	const folder = argv.find((argument) => !argument.startsWith('--')) ?? DEFAULT_FOLDER;
	let stale = 0;
	for (const [name, text] of await makeManifests(folder)) {
		const path = join(folder, name);
		const current = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
		if (current === text) continue;
		stale += 1;
		console.log(`${check ? 'out of date' : 'wrote'}: ${relative(process.cwd(), path)}`);
		if (!check) writeFileSync(path, text);
	}
	if (stale === 0) console.log('All model lists agree with the files.');
	if (check && stale > 0) {
		console.error('Run: npm exec -- node scripts/make-manifests.mjs');
		process.exitCode = 1;
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
