import { describe, expect, it, vi } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import { fakeEngine, storage, storyteller } from '../../../tests/fakes/engine.ts';
import { IMPORT_JOB, jobKey, Models } from './models.svelte.ts';
import { Studio, type StudioEngine } from './studio.svelte.ts';

const choice = { id: 'storyteller', variant: 'int8' };
const key = jobKey(choice);

function modelsOf(methods: Partial<StudioEngine>): Models {
	return new Models(new Studio(async () => fakeEngine(methods)));
}

describe('Models', () => {
	it('loads the list and the storage', async () => {
		const models = modelsOf({});
		expect(models.state).toEqual({ kind: 'loading' });
		await models.refresh();
		expect(models.state).toEqual({ kind: 'ready', models: [storyteller], storage });
	});

	it('shows why the list failed, and loads it on the next try', async () => {
		const listModels = vi
			.fn(async () => [storyteller])
			.mockRejectedValueOnce(new StudioError('storage', 'It is locked.', 'Close other tabs.'));
		const models = modelsOf({ listModels });
		await models.refresh();
		expect(models.state).toMatchObject({ kind: 'failed', error: { hint: 'Close other tabs.' } });
		await models.refresh();
		expect(models.state.kind).toBe('ready');
	});

	it('shows the progress of an installation, then the new list', async () => {
		let finish: () => void = () => undefined;
		const progress = { label: 'Downloading', done: 5, total: 10, unit: 'bytes' } as const;
		const listModels = vi.fn(async () => [storyteller]);
		const models = modelsOf({
			listModels,
			installModel: (_choice, options) => {
				options?.onEvent?.({ kind: 'progress', progress });
				return new Promise((resolve) => (finish = resolve));
			}
		});
		const done = models.install(choice);
		await vi.waitFor(() =>
			expect(models.job(key)).toEqual({ kind: 'running', verb: 'install', progress })
		);
		finish();
		await done;
		expect(models.job(key)).toBeUndefined();
		expect(listModels).toHaveBeenCalledOnce();
	});

	it('runs one job of a variant at a time', async () => {
		const installModel = vi.fn(async () => undefined);
		const models = modelsOf({ installModel });
		await Promise.all([models.install(choice), models.install(choice)]);
		expect(installModel).toHaveBeenCalledOnce();
	});

	it('passes Cancel on and shows no error for it', async () => {
		const models = modelsOf({
			installModel: (_choice, options) =>
				new Promise((_resolve, reject) => {
					options?.signal?.addEventListener('abort', () =>
						reject(new StudioError('aborted', 'stopped', ''))
					);
				})
		});
		const done = models.install(choice);
		await vi.waitFor(() => expect(models.job(key)?.kind).toBe('running'));
		await Promise.resolve();
		models.cancel(key);
		await done;
		expect(models.job(key)).toBeUndefined();
	});

	it('keeps a failure at its variant until it is dismissed', async () => {
		const failure = new StudioError('quota', 'The disk is full.', 'Delete a model.');
		const models = modelsOf({ installModel: () => Promise.reject(failure) });
		await models.install(choice);
		expect(models.job(key)).toEqual({ kind: 'failed', verb: 'install', error: failure });
		models.dismiss(key);
		expect(models.job(key)).toBeUndefined();
	});

	it('shows what a check and an import found', async () => {
		const report = { checkedBytes: 10, repaired: ['onnx/model.onnx#0'], damaged: [] };
		const own = { ...storyteller, id: 'disk:own', source: 'disk' } as const;
		const models = modelsOf({
			verifyModel: async () => report,
			importModel: async () => own
		});
		await models.verify(choice);
		expect(models.job(key)).toEqual({ kind: 'verified', report });
		await models.importFolder('own', []);
		expect(models.job(IMPORT_JOB)).toEqual({ kind: 'imported', model: own });
	});
});
