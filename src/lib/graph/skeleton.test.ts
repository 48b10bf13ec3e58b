import { describe, expect, it } from 'vitest';
import { createOrtSession } from '../../../tests/conformance/ort.ts';
import { StudioError } from '../core/errors.ts';
import { random } from '../core/random.ts';
import { floats } from '../core/tensor.ts';
import { constantOf, numbersOf } from './constant.ts';
import { decodeGraph } from './decode.ts';
import { encodeGraph } from './encode.ts';
import { newGraph, newNode } from './new-graph.ts';
import { BLOB_THRESHOLD, sha256, splitSkeleton } from './skeleton.ts';

function linear() {
	const source = random(1);
	const draw = (dims: number[]) =>
		constantOf(
			floats(
				dims,
				Array.from({ length: dims[0] ?? 0 }, () => 0).flatMap(() =>
					Array.from({ length: dims[1] ?? 1 }, () => source.normal())
				)
			)
		);
	return newGraph({
		nodes: [
			newNode('MatMul', ['x', 'w'], ['h']),
			newNode('Add', ['h', 'b'], ['a']),
			newNode('MatMul', ['a', 'v'], ['y'])
		],
		inputs: [{ name: 'x', type: 'float32', dims: ['n', 20] }],
		outputs: [{ name: 'y', type: 'float32', dims: ['n', 20] }],
		initializers: { w: draw([20, 20]), v: draw([20, 20]), b: draw([20]) }
	});
}

describe('the codec', () => {
	it('keeps a graph through bytes and back, weights as views on the file', () => {
		const bytes = encodeGraph(linear());
		const again = decodeGraph(bytes);
		expect(again.nodes).toEqual(linear().nodes);
		expect(again.inputs).toEqual(linear().inputs);
		const data = again.initializers.get('w')?.data;
		expect(data?.kind === 'raw' && data.bytes.buffer === bytes.buffer).toBe(true);
		expect(encodeGraph(again)).toEqual(bytes);
	});

	it('refuses truncated, empty and foreign bytes with a clear error', () => {
		const bytes = encodeGraph(linear());
		const cut = [0, 1, 10, 100, bytes.length >> 1, bytes.length - 1];
		const wrong = [...cut.map((end) => bytes.subarray(0, end)), new TextEncoder().encode('<html>')];
		for (const sample of wrong) {
			expect(() => decodeGraph(sample)).toThrow(StudioError);
			expect(() => decodeGraph(sample)).toThrow(/Expected an ONNX model|needs \d+ bytes/);
		}
	});

	it('keeps INT64_MAX attributes and half-precision constants', () => {
		const graph = newGraph({
			nodes: [newNode('Slice', ['x'], ['y'], { ends: [2 ** 63] })],
			inputs: [],
			outputs: []
		});
		const ends = decodeGraph(encodeGraph(graph)).nodes[0]?.attributes['ends'];
		expect(ends).toEqual({ kind: 'ints', value: [2 ** 63] });
	});
});

describe('splitSkeleton', () => {
	it('gives a skeleton and blobs that onnxruntime runs as it runs the model', async () => {
		const bytes = encodeGraph(linear());
		const { skeleton, blobs } = await splitSkeleton(bytes);
		expect(blobs.map((blob) => blob.bytes.length)).toEqual([1600, 1600]);
		expect(skeleton.length).toBeLessThan(BLOB_THRESHOLD);
		for (const blob of blobs) expect(await sha256(blob.bytes)).toBe(blob.sha256);

		const externalData = blobs.map(({ location, bytes: data }) => ({ path: location, data }));
		const [whole, split] = [
			await createOrtSession(bytes),
			await createOrtSession(skeleton, externalData)
		];
		const feeds = {
			x: floats(
				[2, 20],
				Array.from({ length: 40 }, (_, i) => Math.sin(i))
			)
		};
		expect((await split.run(feeds))['y']?.data).toEqual((await whole.run(feeds))['y']?.data);

		const resolve = (location: string) => {
			const blob = blobs.find((candidate) => candidate.location === location);
			return blob ? blob.bytes : new Uint8Array();
		};
		const again = await splitSkeleton(skeleton, resolve);
		expect(again.skeleton).toEqual(skeleton);
		await expect(splitSkeleton(skeleton)).rejects.toThrow(/lies in the external file/);
		await expect(splitSkeleton(skeleton, () => new Uint8Array(3))).rejects.toThrow(/3 bytes/);
	});

	it('keeps small constants readable', async () => {
		const { skeleton } = await splitSkeleton(linear());
		const bias = decodeGraph(skeleton).initializers.get('b');
		expect(bias && numbersOf(bias)).toHaveLength(20);
	});
});
