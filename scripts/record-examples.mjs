/**
 * Records the examples of the home page with the bundled model, through the engine that the pages
 * use, on WebAssembly. Nothing in a recording is written by hand. Run it after the model changed:
 *
 *     npm exec -- node scripts/record-examples.mjs [MODEL_DIR]
 *
 * Writes src/lib/panels/home/recordings/*.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { openDecoder } from '../cli/open-decoder.ts';
import { applyPreset, DEFAULT_SETTINGS } from '../src/lib/state/presets.ts';
import { packPassage } from '../src/lib/state/share-format.ts';
import { generate } from '../src/lib/text/decode.ts';
import { root } from './run.mjs';

const MAX_TOKENS = 100;
/** As many as a shared link keeps. */
const ALTERNATIVES = 5;

const EXAMPLES = [
	{
		file: 'words',
		title: 'A story from three words',
		note: 'The line of words at the top steers the whole story.',
		prompt: 'Words: fox, kite, bakery\n',
		preset: 'Balanced',
		seed: 1
	},
	{
		file: 'continuation',
		title: 'A beginning, continued',
		note: 'One sentence goes in; the model takes it from there.',
		prompt: 'Once upon a time there was a small robot who was afraid of the dark.',
		preset: 'Balanced',
		seed: 2
	},
	{
		file: 'playful',
		title: 'Playful: temperature 0.95',
		note: 'Stronger tints mark words that the model itself found unlikely.',
		prompt: 'Words: whale, lighthouse, soup\n',
		preset: 'Playful',
		seed: 3
	},
	{
		file: 'greedy',
		title: 'Greedy: the likeliest token every time',
		note: 'No chance is involved: run it twice and compare.',
		prompt: 'One morning, Lily found a key under the apple tree.',
		preset: 'Greedy',
		seed: 0
	}
];

const directory = path.resolve(process.argv[2] ?? path.join(root, 'static/models/storyteller'));
const decoder = await openDecoder(directory);
const model = describeModel();
const folder = path.join(root, 'src/lib/panels/home/recordings');
mkdirSync(folder, { recursive: true });
// The first run of a session warms it up; its speed is not what a reader would see.
await record({ ...EXAMPLES[0], maxTokens: 8 });
for (const [order, example] of EXAMPLES.entries()) {
	const passage = await record({ ...example, maxTokens: MAX_TOKENS });
	const { title, note, file } = example;
	const target = path.join(folder, `${file}.json`);
	const content = { order, title, note, passage: packPassage(passage, ALTERNATIVES) };
	const options = { ...(await resolveConfig(target)), filepath: target };
	writeFileSync(target, await format(JSON.stringify(content), options));
	console.log(`\n▸ ${file}: ${passage.tokens.length} tokens`);
	console.log(passage.prompt + passage.tokens.map(({ text }) => text).join(''));
}
await decoder.session.dispose();

/** The model as a passage names it. */
function describeModel() {
	const { title } = JSON.parse(readFileSync(path.join(directory, 'vitrine.json'), 'utf8'));
	const [provider, ...name] = decoder.device.split(': ');
	const { variant } = decoder;
	return { id: path.basename(directory), title, variant, provider, device: name.join(': ') };
}

/** One generation as a passage. */
async function record({ prompt, preset, seed, maxTokens }) {
	const { temperature, repetitionPenalty, topK, topP, minP, stop } = applyPreset(
		DEFAULT_SETTINGS,
		preset
	);
	const settings = { temperature, repetitionPenalty, topK, topP, minP, seed };
	const request = { prompt, settings, maxTokens, stop, alternatives: ALTERNATIVES };
	const result = await generate(decoder.session, decoder.tokenizer, request, {
		now: () => performance.now()
	});
	const tokens = result.tokens.map((token) => ({ ...token, by: 'model' }));
	const run = { ...result, from: 0, count: tokens.length, model, settings, maxTokens, stop };
	return { prompt, tokens, runs: [run] };
}
