import { beforeAll, describe, expect, it } from 'vitest';
import { floats } from '../../core/tensor.ts';
import type { Backend } from '../backend.ts';
import { createNodeBackend } from '../backend-node.ts';

describe('WasmBackend', () => {
	let backend: Backend;
	beforeAll(async () => {
		backend = await createNodeBackend();
	});

	it('reports the processor', () => {
		expect(backend.report).toMatchObject({ provider: 'wasm', threads: 1 });
		expect(backend.memoryInUse).toBeGreaterThan(0);
	});

	it('gives back what it was given, whole or the tail', async () => {
		const tensor = backend.fromCpu(floats([2, 3], [1, 2, 3, 4, 5, 6]));
		expect(tensor.dims).toEqual([2, 3]);
		expect([...((await tensor.read()).data as Float32Array)]).toEqual([1, 2, 3, 4, 5, 6]);
		const tail = await tensor.readTail(2);
		expect(tail.dims).toEqual([2]);
		expect([...(tail.data as Float32Array)]).toEqual([5, 6]);
		tensor.dispose();
		tensor.dispose();
	});

	it('allocates zeros, also where freed memory is used again', async () => {
		backend.fromCpu(floats([64], new Float32Array(64).fill(7))).dispose();
		const tensor = backend.allocate('float32', [64]);
		expect((await tensor.read()).data.every((x) => x === 0)).toBe(true);
		tensor.dispose();
	});

	it('copies rows between tensors of different widths', async () => {
		const source = backend.fromCpu(floats([2, 3], [1, 2, 3, 4, 5, 6]));
		const target = backend.allocate('float32', [2, 4]);
		const rows = { rows: 2, bytes: 8, sourceStride: 12, targetStride: 16 };
		backend.copyBlocks(source, target, rows);
		const copied = (await target.read()).data as Float32Array;
		expect([...copied]).toEqual([1, 2, 0, 0, 4, 5, 0, 0]);
		source.dispose();
		target.dispose();
	});

	it.each([2 ** 30, 2 ** 33])('refuses %d floats, which no heap holds', (size) => {
		expect(() => backend.allocate('float32', [size])).toThrow(/does not fit the memory/);
	});
});
