import { describe, expect, it } from 'vitest';
import { floats, integers } from '../../core/tensor.ts';
import { constantOf } from '../../graph/constant.ts';
import { encodeGraph } from '../../graph/encode.ts';
import { newGraph, newNode } from '../../graph/new-graph.ts';
import { createNodeBackend } from '../backend-node.ts';
import { createCausalSession } from './create-causal-session.ts';

const VOCAB = 5;
const TABLE = Float32Array.from({ length: VOCAB * VOCAB }, (_, i) => ((i * 7) % 11) - 5);

/** A causal model without cache: the logits are the sum of the rows of all tokens so far. */
const graph = encodeGraph(
	newGraph({
		opset: 14,
		inputs: [{ name: 'input_ids', type: 'int64', dims: ['batch', 'sequence'] }],
		outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'sequence', VOCAB] }],
		initializers: {
			table: constantOf(floats([VOCAB, VOCAB], TABLE)),
			axis: constantOf(integers([], [1]))
		},
		nodes: [
			newNode('Gather', ['table', 'input_ids'], ['rows'], { axis: 0 }),
			newNode('CumSum', ['rows', 'axis'], ['logits'])
		]
	})
);

const expected = (ids: readonly number[]) =>
	Array.from({ length: VOCAB }, (_, column) =>
		ids.reduce((sum, id) => sum + (TABLE[id * VOCAB + column] ?? NaN), 0)
	);

describe('a decoder without cache', () => {
	it('is fed the whole text each time, and says so', async () => {
		const backend = await createNodeBackend();
		const session = await createCausalSession(backend, {
			name: 'onnx/model.onnx',
			graph,
			externalData: [],
			config: { max_position_embeddings: 16 }
		});
		expect(session.cacheKind).toBe('recompute');
		expect([...(await session.forward([1, 2, 3]))]).toEqual(expected([1, 2, 3]));
		expect([...(await session.forward([4]))]).toEqual(expected([1, 2, 3, 4]));
		session.truncate(2);
		const rows = [...(await session.forward([0, 4], { logitsFor: 2 }))];
		expect(rows).toEqual([...expected([1, 2, 0]), ...expected([1, 2, 0, 4])]);
		expect(session.length).toBe(4);
		await session.dispose();
	});
});
