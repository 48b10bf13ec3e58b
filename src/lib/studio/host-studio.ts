import type { DeviceReport } from '#lib/core/device.ts';
import { StudioError, throwIfAborted } from '#lib/core/errors.ts';
import type { OnProgress } from '#lib/core/progress.ts';
import type { Hub, HubChoice } from '#lib/hub/hub.ts';
import type { DeviceClass } from '#lib/hub/manifest.ts';
import type { Backend } from '#lib/runtime/backend.ts';
import { generate } from '#lib/text/decode.ts';
import { tokenPieces } from '#lib/text/token-pieces.ts';
import type { EngineConfig, InstallEvent, StudioApi } from './api.ts';
import { Decoders, type Decoder } from './host-decoders.ts';
import { Runs } from './host-runs.ts';

/** What the host takes from the world; the worker entry and tests give it. */
export interface HostEnvironment {
	openHub(config: EngineConfig): Promise<Hub>;
	openBackend(config: EngineConfig): Promise<Backend>;
	/** What this provider would offer, found out without fetching an engine. */
	probe(config: EngineConfig): Promise<DeviceReport>;
	/** Milliseconds on a monotonic clock. */
	now(): number;
	/** Lets messages in: resolves in a later task. */
	pause(): Promise<void>;
	usedFiles(): string[];
}

/** Below this much memory a device gets the smallest variant, in GiB. */
const LOW_MEMORY_GIB = 2;

/** StudioApi over hub, runtime and text: the place where the rooms meet. */
export function createStudio(environment: HostEnvironment): StudioApi {
	const runs = new Runs();
	let started: Started | undefined;
	const studio = (): Started => {
		if (started) return started;
		throw new StudioError('internal', 'The engine was used before it was started.', 'Reload.');
	};
	return {
		async start(config) {
			started = await open(environment, config);
			return started.report;
		},
		...modelVerbs(runs, studio),
		...textVerbs(runs, studio, environment),
		appendHistory: (entry) => studio().hub.history.append(entry),
		listHistory: () => studio().hub.history.list(),
		removeHistory: (id) => studio().hub.history.remove(id),
		clearHistory: () => studio().hub.history.clear(),
		usedFiles: async () => environment.usedFiles(),
		cancel: async (run) => runs.cancel(run)
	};
}

type ModelVerb =
	'listModels' | 'storage' | 'installModel' | 'importModel' | 'verifyModel' | 'removeModel';

function modelVerbs(runs: Runs, studio: () => Started): Pick<StudioApi, ModelVerb> {
	return {
		listModels: async () => studio().hub.list(studio().device),
		storage: async () => studio().hub.storageReport(),
		installModel: (run, choice, emit) =>
			runs.start(run, async (signal) => {
				const { hub, device } = studio();
				const { id, variant } = await hub.resolve(choice, device);
				await hub.install(id, variant, { signal, onProgress: reporter(emit) });
			}),
		importModel: (run, name, files, emit) =>
			runs.start(run, (signal) =>
				studio().hub.importDisk(name, files, { signal, onProgress: reporter(emit) })
			),
		verifyModel: (run, choice, emit) =>
			runs.start(run, (signal) =>
				studio().hub.verify(choice, { signal, onProgress: reporter(emit) })
			),
		// In turn: a model must not be taken away from under the text it is writing.
		removeModel: (choice) =>
			runs.inTurn(`remove ${choice.id}`, async () => {
				await studio().decoders.release(choice.id);
				await studio().hub.remove(choice);
			})
	};
}

function textVerbs(
	runs: Runs,
	studio: () => Started,
	{ now, pause }: HostEnvironment
): Pick<StudioApi, 'loadModel' | 'generate' | 'tokenize'> {
	const decoder = async (
		choice: HubChoice,
		signal: AbortSignal,
		onProgress: OnProgress
	): Promise<Decoder> => {
		const { hub, decoders, device } = studio();
		const { id, variant } = await hub.resolve(choice, device);
		await hub.install(id, variant, { onProgress, signal });
		throwIfAborted(signal);
		return decoders.get(id, variant);
	};
	return {
		loadModel: (run, choice, emit) =>
			runs.inTurn(run, async (signal) => {
				const from = now();
				const { title, variant, session } = await decoder(choice, signal, reporter(emit));
				return {
					id: choice.id,
					title,
					variant,
					contextLength: session.contextLength,
					vocabSize: session.vocabSize,
					loadMs: now() - from,
					device: (await studio().backend()).report
				};
			}),
		generate: (run, choice, request, emit) =>
			runs.inTurn(run, async (signal) => {
				const { tokenizer, session, speculation } = await decoder(choice, signal, reporter(emit));
				return generate(session, tokenizer, request, { signal, now, pause, emit, speculation });
			}),
		tokenize: (choice, text) =>
			runs.inTurn('tokenize', async (signal) => {
				const { tokenizer } = await decoder(choice, signal, () => undefined);
				return tokenPieces(tokenizer, tokenizer.encode(text));
			})
	};
}

interface Started {
	readonly hub: Hub;
	readonly decoders: Decoders;
	readonly device: DeviceClass;
	readonly report: DeviceReport;
	/** The engine itself, fetched and started at the first need. */
	readonly backend: () => Promise<Backend>;
}

async function open(environment: HostEnvironment, config: EngineConfig): Promise<Started> {
	const report = await environment.probe(config);
	const hub = await environment.openHub(config);
	let engine: Promise<Backend> | undefined;
	const backend = (): Promise<Backend> => (engine ??= environment.openBackend(config));
	const decoders = new Decoders((id, variant) => hub.open(id, variant), backend);
	return { hub, decoders, backend, report, device: deviceClassOf(report) };
}

/** Which default variant suits: small devices take the smallest, whatever runs it. */
function deviceClassOf({ provider, memoryGiB }: DeviceReport): DeviceClass {
	if (memoryGiB !== undefined && memoryGiB <= LOW_MEMORY_GIB) return 'lowMemory';
	return provider;
}

function reporter(emit: (event: InstallEvent) => void): OnProgress {
	return (progress) => emit({ kind: 'progress', progress });
}
