import { describe, expect, it, vi } from 'vitest';
import { StudioError } from '#lib/core/errors.ts';
import { device, fakeEngine } from '../../../tests/fakes/engine.ts';
import { Studio } from './studio.svelte.ts';

describe('Studio', () => {
	it('creates the engine once, when it is first needed', async () => {
		const create = vi.fn(async () => fakeEngine());
		const studio = new Studio(create);
		expect(create).not.toHaveBeenCalled();
		const [a, b] = await Promise.all([studio.engine(), studio.engine()]);
		expect(a).toBe(b);
		expect(create).toHaveBeenCalledOnce();
	});

	it('tries again after a failure', async () => {
		const create = vi
			.fn(async () => fakeEngine())
			.mockRejectedValueOnce(new Error('chunk not found'));
		const studio = new Studio(create);
		await expect(studio.engine()).rejects.toMatchObject({ message: 'chunk not found' });
		await expect(studio.engine()).resolves.toBeDefined();
	});

	it('shows the engine’s notices and asks for the device again after a fallback', async () => {
		const report = vi.fn(async () => device);
		const engine = fakeEngine({ device: report });
		const studio = new Studio(async () => engine);
		await studio.askDevice();
		expect(studio.device).toEqual({ kind: 'known', report: device });
		report.mockResolvedValueOnce({ ...device, fallbackReason: 'The GPU was lost.' });
		engine.notify({ kind: 'fallback', message: 'The GPU was lost', hint: '' });
		await vi.waitFor(() =>
			expect(studio.device).toMatchObject({ report: { fallbackReason: 'The GPU was lost.' } })
		);
		expect(studio.notices.items.map(({ kind }) => kind)).toEqual(['warning']);
	});

	it('says why there is no device', async () => {
		const failure = new StudioError(
			'unsupported',
			'No provider runs here.',
			'Try another browser.'
		);
		const engine = fakeEngine({ device: () => Promise.reject(failure) });
		const studio = new Studio(async () => engine);
		await studio.askDevice();
		expect(studio.device).toEqual({ kind: 'failed', error: failure });
	});
});
