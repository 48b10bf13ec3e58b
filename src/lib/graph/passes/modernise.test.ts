import { describe, expect, it, vi } from 'vitest';
import { distance } from '../../../../tests/conformance/check-gradient.ts';
import { createOrtSession } from '../../../../tests/conformance/ort.ts';
import { random } from '../../core/random.ts';
import { floats, sizeOf } from '../../core/tensor.ts';
import type { AttributeLike } from '../attributes.ts';
import { float } from '../attributes.ts';
import { constantFrom } from '../constant.ts';
import { encodeGraph } from '../encode.ts';
import type { Constant, Graph } from '../graph.ts';
import { DIALECT, newGraph, newNode } from '../new-graph.ts';
import { modernise } from './modernise.ts';

vi.setConfig({ testTimeout: 120_000 });

type Attributes = Readonly<Record<string, AttributeLike>>;

function old(
	opset: number,
	op: string,
	attributes: Attributes,
	constants: readonly Constant[] = [],
	outputs = 1
): Graph {
	const initializers = Object.fromEntries(constants.map((value, i) => [`c${i}`, value]));
	const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
	return newGraph({
		opset,
		nodes: [newNode(op, ['x', ...Object.keys(initializers)], names, attributes)],
		inputs: [{ name: 'x', type: 'float32', dims: [2, 3, 4, 4] }],
		outputs: [{ name: names[0] ?? '', type: 'float32' }],
		initializers
	});
}

const vector = (values: number[]): Constant => constantFrom('float32', [values.length], values);

const CASES: Readonly<Record<string, Graph>> = {
	'Softmax-11 over two flattened axes': old(11, 'Softmax', { axis: 2 }),
	'Softmax-11 by default': old(11, 'Softmax', {}),
	'LogSoftmax-11': old(11, 'LogSoftmax', { axis: 1 }),
	'ReduceSum-11': old(11, 'ReduceSum', { axes: [1, -1], keepdims: 0 }),
	'ReduceMean-13': old(13, 'ReduceMean', { axes: [2, 3] }),
	'ReduceL2-11': old(11, 'ReduceL2', { axes: [3] }),
	'Unsqueeze-11': old(11, 'Unsqueeze', { axes: [0] }),
	'Split-11 with sizes': old(11, 'Split', { axis: 1, split: [1, 2] }, [], 2),
	'Split-13 in equal parts': old(13, 'Split', { axis: 2 }, [], 2),
	'Slice-9': old(9, 'Slice', { axes: [2], starts: [1], ends: [3] }),
	'Pad-9': old(9, 'Pad', { pads: [0, 0, 1, 0, 0, 0, 2, 1], value: float(0.5) }),
	'Clip-9': old(9, 'Clip', { min: float(-0.5), max: float(0.5) }),
	'TopK-9': old(9, 'TopK', { k: 2, axis: 3 }, [], 2),
	'Upsample-9': old(9, 'Upsample', { mode: 'nearest' }, [vector([1, 1, 2, 2])]),
	'Resize-10': old(10, 'Resize', { mode: 'linear' }, [vector([1, 1, 2, 2])]),
	'Dropout-9': old(9, 'Dropout', { ratio: float(0.5) }),
	'BatchNormalization-9': old(9, 'BatchNormalization', { epsilon: float(1e-3) }, [
		vector([1, 2, 3]),
		vector([0.1, 0.2, 0.3]),
		vector([0, 0.5, -0.5]),
		vector([1, 2, 0.5])
	])
};

describe('modernise', () => {
	const r = random(5);
	const x = floats(
		[2, 3, 4, 4],
		Array.from({ length: sizeOf([2, 3, 4, 4]) }, () => r.normal())
	);

	for (const [name, graph] of Object.entries(CASES)) {
		it(`means by ${name} what it meant`, async () => {
			const modern = modernise(graph);
			expect(modern.opsets.get('')).toBe(DIALECT);
			const [before, after] = [
				await createOrtSession(encodeGraph(graph)),
				await createOrtSession(encodeGraph(modern))
			];
			const [a, b] = [await before.run({ x }), await after.run({ x })];
			expect(distance(a['y0'], b['y0'])).toBeLessThan(1e-6);
			await before.release();
			await after.release();
		});
	}

	it('refuses operator sets in which broadcasting worked differently', () => {
		expect(() => modernise(old(6, 'Relu', {}))).toThrow(/operator set 6; 7 or newer/);
	});
});
