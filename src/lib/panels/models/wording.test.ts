import { describe, expect, it } from 'vitest';
import { device, storage, storyteller } from '../../../../tests/fakes/engine.ts';
import {
	formatLimit,
	keepingPromise,
	orderVariants,
	removalConsequence,
	variantStatus,
	verifySummary,
	whyNotGpu
} from './wording.ts';

const variant = {
	name: 'int8',
	file: 'onnx/model_quantized.onnx',
	bytes: 10_000_000,
	installed: false,
	partialBytes: 0
};

describe('wording of the Models page', () => {
	it('says how much of a variant is here', () => {
		expect(variantStatus({ ...variant, installed: true })).toBe('Installed');
		expect(variantStatus(variant)).toBe('Not on this machine');
		expect(variantStatus({ ...variant, partialBytes: 4_200_000 })).toBe('4.20 MB of 10.0 MB kept');
	});

	it('lists the default variant first, then the smaller ones', () => {
		const [q4, int8, fp32] = [4, 6, 23].map((bytes, i) => ({
			...variant,
			name: ['q4', 'int8', 'fp32'][i] ?? '',
			bytes
		}));
		if (!q4 || !int8 || !fp32) throw new Error('three variants');
		const variants = [fp32, q4, int8];
		const names = orderVariants({ variants, defaultVariant: 'int8' }).map(({ name }) => name);
		expect(names).toEqual(['int8', 'q4', 'fp32']);
	});

	it('says what a check found', () => {
		const report = { checkedBytes: 10_000_000, repaired: [], damaged: [] };
		expect(verifySummary(report)).toEqual({
			kind: 'success',
			message: '10.0 MB checked, every hash agrees.'
		});
		expect(verifySummary({ ...report, repaired: ['a#0'] })).toMatchObject({
			kind: 'warning',
			message: '10.0 MB checked: 1 chunk damaged and fetched again (a#0).'
		});
		expect(verifySummary({ ...report, repaired: ['a#0'], damaged: ['b#1', 'b#2'] })).toMatchObject({
			kind: 'error',
			message: '10.0 MB checked: 2 chunks damaged and not replaced (b#1, b#2).'
		});
	});

	it('says what deleting means, by the source', () => {
		const installed = { ...variant, installed: true };
		expect(removalConsequence(storyteller, installed)).toBe(
			'This frees 10.0 MB. It can be fetched again, with a network.'
		);
		expect(removalConsequence({ ...storyteller, source: 'disk' }, installed)).toContain(
			'its folder'
		);
		expect(removalConsequence(storyteller, { ...variant, partialBytes: 2e6 })).toContain('2.00 MB');
	});

	it('says whether storage lasts', () => {
		expect(keepingPromise({ ...storage, kind: 'memory' })).toContain('gone with this tab');
		expect(keepingPromise({ ...storage, persistent: true })).toMatch(/^Persistent/);
		expect(keepingPromise(storage)).toMatch(/^Not persistent/);
	});

	it('says why not the GPU', () => {
		expect(whyNotGpu({ ...device, provider: 'webgpu' })).toBeUndefined();
		expect(whyNotGpu({ ...device, fallbackReason: 'No adapter.' })).toBe('No adapter.');
		expect(whyNotGpu(device)).toContain('no WebGPU here');
	});

	it('gives limits their unit', () => {
		expect(formatLimit('maxBufferSize', 268_435_456)).toBe('268 MB');
		expect(formatLimit('maxComputeWorkgroupSizeX', 256)).toBe('256');
		expect(formatLimit('maxComputeWorkgroupStorageSize', 16_384)).toBe('16.4 kB');
	});
});
