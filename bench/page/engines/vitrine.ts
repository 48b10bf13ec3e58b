import type { Provider } from '#lib/core/device.ts';
import { StudioClient } from '#lib/studio/client.ts';
import { spawnEngine } from '#lib/studio/spawn.ts';
import { stopwatch, type BenchEngine } from '../engine.ts';

/** Our engine, as pages use it: a worker, the store, the decode loop, every token's alternatives. */
export function vitrineEngine(provider: Provider, variant: string): BenchEngine {
	const client = new StudioClient({
		spawn: spawnEngine,
		providers: [provider],
		baseUrl: new URL('./', location.href).href,
		persist: true
	});
	const choice = { id: 'storyteller', variant };
	return {
		name: `vitrine ${variant}`,
		async load() {
			await client.loadModel(choice);
			const report = await client.device();
			if (report.provider !== provider) throw new Error(`ran on ${report.provider}`);
		},
		async generate(prompt, count) {
			const watch = stopwatch();
			const result = await client.generate(
				choice,
				{
					prompt,
					settings: {
						temperature: 0,
						repetitionPenalty: 1,
						topK: 0,
						topP: 1,
						minP: 0,
						seed: 0
					},
					maxTokens: count,
					stop: [],
					alternatives: 5
				},
				{ onEvent: (event) => event.kind === 'token' && watch.token() }
			);
			return watch.finish(result.text);
		},
		async dispose() {
			client.dispose();
		}
	};
}
