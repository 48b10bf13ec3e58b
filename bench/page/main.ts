import type { Provider } from '#lib/core/device.ts';
import { StudioClient } from '#lib/studio/client.ts';
import { spawnEngine } from '#lib/studio/spawn.ts';
import type { BenchEngine, Timing } from './engine.ts';
import { transformersEngine } from './engines/transformers.ts';
import { vitrineEngine } from './engines/vitrine.ts';
import { wllamaEngine } from './engines/wllama.ts';
import { promptOf } from './prompts.ts';
import { readStoreRaw, reopen } from './store.ts';

export interface Measurement {
	readonly engine: string;
	readonly context: number;
	readonly loadMs: number;
	/** Fresh process state: the first generation after load. */
	readonly cold: Timing;
	readonly warm: readonly Timing[];
}

export interface BenchPlan {
	readonly provider: Provider;
	readonly contexts: readonly number[];
	readonly tokens: number;
	readonly rounds: number;
	readonly engines: readonly string[];
}

/** Engines by the names a plan uses. */
const ENGINES: Record<string, (provider: Provider) => BenchEngine> = {
	'vitrine-fp32': (provider) => vitrineEngine(provider, 'fp32'),
	'vitrine-int8': (provider) => vitrineEngine(provider, 'int8'),
	'vitrine-q4': (provider) => vitrineEngine(provider, 'q4'),
	'transformers-fp32': (provider) => transformersEngine(provider, 'fp32'),
	'transformers-int8': (provider) => transformersEngine(provider, 'q8'),
	'transformers-q4': (provider) => transformersEngine(provider, 'q4'),
	'wllama-f32': () => wllamaEngine('gguf/storyteller-f32.gguf'),
	'wllama-q8_0': () => wllamaEngine('gguf/storyteller-q8_0.gguf')
};

/**
 * Measures one engine in this page; the runner opens a fresh page for each, so that none inherits
 * another's heap, and interleaves the engines over rounds.
 */
async function measure(name: string, plan: BenchPlan, context: number): Promise<Measurement> {
	const make = ENGINES[name];
	if (!make) throw new Error(`no engine is called ${name}`);
	const engine = make(plan.provider);
	const prompt = promptOf(context);
	const started = performance.now();
	await engine.load();
	const loadMs = performance.now() - started;
	const cold = await engine.generate(prompt, plan.tokens);
	const warm: Timing[] = [];
	for (let round = 0; round < plan.rounds; round++) {
		warm.push(await engine.generate(prompt, plan.tokens));
	}
	await engine.dispose();
	return { engine: name, context, loadMs, cold, warm };
}

/** Time to have an installed model ready in a fresh worker, against reading its bytes raw. */
async function measureStore(
	provider: Provider,
	variant: string
): Promise<{ reopenMs: number; rawMs: number; bytes: number }> {
	const client = (): StudioClient =>
		new StudioClient({
			spawn: spawnEngine,
			providers: [provider],
			baseUrl: new URL('./', location.href).href,
			persist: true
		});
	const first = client();
	await reopen(first, variant);
	first.dispose();
	const second = client();
	const reopenMs = await reopen(second, variant);
	second.dispose();
	const raw = await readStoreRaw();
	return { reopenMs, rawMs: raw.ms, bytes: raw.bytes };
}

declare global {
	interface Window {
		bench: { measure: typeof measure; measureStore: typeof measureStore };
	}
}

window.bench = { measure, measureStore };
document.title = 'ready';
