import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors.ts';
import { admit, loadBytes, memoryBudget, WASM_HEAP_LIMIT } from './admission.ts';
import type { Backend, ModelFiles } from './backend.ts';

const MIB = 2 ** 20;
const files = (graphMiB: number, blobMiB = 0): ModelFiles => ({
	name: 'onnx/model.onnx',
	// Only the length is looked at; no test should reserve gigabytes.
	graph: { byteLength: graphMiB * MIB } as Uint8Array<ArrayBuffer>,
	externalData: [{ path: 'data', data: { size: blobMiB * MIB } as Blob }]
});
const machine = (memoryGiB: number | undefined, memoryInUse = 0) =>
	({ report: { memoryGiB }, memoryInUse }) as Pick<Backend, 'report' | 'memoryInUse'>;

describe('admission', () => {
	it('counts the copies of loading: three of a graph, two of the weights beside it', () => {
		expect(loadBytes(files(10, 100))).toBe((30 + 200) * MIB);
	});

	it('leaves a machine 40 % of its memory and never passes the heap limit', () => {
		expect(memoryBudget(2)).toBeCloseTo(1.2 * 1024 * MIB);
		expect(memoryBudget(32)).toBe(WASM_HEAP_LIMIT);
		expect(memoryBudget(undefined)).toBe(WASM_HEAP_LIMIT);
	});

	it('admits what fits and refuses the rest with the sizes', () => {
		expect(() => admit(files(23), machine(1))).not.toThrow();
		try {
			admit(files(300), machine(1, 100 * MIB));
			expect.unreachable();
		} catch (error) {
			expect(error).toBeInstanceOf(StudioError);
			expect((error as StudioError).code).toBe('out-of-memory');
			expect((error as StudioError).message).toMatch(/up to 900 MiB.*514 MiB are left/);
		}
	});
});
