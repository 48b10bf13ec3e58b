import { describe, expect, it } from 'vitest';
import type { TensorSpec } from '../../core/model.ts';
import type { GraphScan, ScannedNode } from '../scan-graph.ts';
import { readDecoderConfig } from './decoder-config.ts';
import { readDecoderLayout } from './decoder-layout.ts';

const ids: TensorSpec = { name: 'input_ids', type: 'int64', dims: ['batch', 'sequence'] };
const logits: TensorSpec = { name: 'logits', type: 'float32', dims: ['batch', 'sequence', 100] };
const cacheTensor = (name: string, dims: (string | number)[] = ['batch', 2, 'past', 64]) =>
	({ name, type: 'float16', dims }) as const satisfies TensorSpec;
const attention = (inputs: string[], outputs: string[]): ScannedNode => ({
	operator: 'GroupQueryAttention',
	domain: 'com.microsoft',
	inputs,
	outputs
});
const scanOf = (...nodes: ScannedNode[]): GraphScan => ({ nodes, externalFiles: new Set() });
const config = readDecoderConfig({ num_attention_heads: 4, hidden_size: 32 });

const read = (inputs: TensorSpec[], outputs: TensorSpec[], scan = scanOf()) =>
	readDecoderLayout('onnx/model.onnx', inputs, outputs, scan, config);

describe('readDecoderLayout', () => {
	it.each([
		['past_key_values.0.key', 'present.0.key'],
		['past_key_values.0.decoder.key', 'present.0.decoder.key'],
		['past_key_values.0.key', 'present_key_values.0.key'],
		['past_0_key', 'present_0_key'],
		['past_key_0', 'present_key_0']
	])('pairs %s with %s', (past, present) => {
		const layout = read([ids, cacheTensor(past)], [logits, cacheTensor(present)]);
		expect(layout.cache).toEqual([{ past, present, type: 'float16', heads: 2, headDim: 64 }]);
	});

	it('takes heads and head size from config.json where the graph leaves them open', () => {
		const open = ['batch', 'heads', 'past', 'size'];
		const layout = read(
			[ids, cacheTensor('past_key_values.0.key', open)],
			[logits, cacheTensor('present.0.key', open)]
		);
		expect(layout.cache[0]).toMatchObject({ heads: 4, headDim: 8 });
	});

	it('is in place only when every cache tensor goes through the operator and nothing else', () => {
		const [past, present] = ['past_key_values.0.key', 'present.0.key'];
		const inputs = [ids, cacheTensor(past)];
		const outputs = [logits, cacheTensor(present)];
		const fused = attention(['q', '', '', past], ['y', present]);
		const shape: ScannedNode = { operator: 'Shape', domain: '', inputs: [past], outputs: ['n'] };
		expect(read(inputs, outputs, scanOf(fused)).inPlace).toBe(true);
		expect(read(inputs, outputs, scanOf(fused, shape)).inPlace).toBe(false);
		expect(read(inputs, outputs, scanOf()).inPlace).toBe(false);
		const copied = attention(['q', '', '', past], ['y', 'inner']);
		expect(read(inputs, outputs, scanOf(copied)).inPlace).toBe(false);
	});

	it('has no cache when the export has none', () => {
		const layout = read([ids], [logits]);
		expect(layout.cache).toEqual([]);
		expect(layout.inPlace).toBe(false);
		expect(layout.vocabSize).toBe(100);
	});

	it.each([
		['no input input_ids', [cacheTensor('x')], [logits]],
		['no output logits', [ids], [cacheTensor('last_hidden_state')]],
		['asks for inputs_embeds', [ids, cacheTensor('inputs_embeds')], [logits]],
		['no matching present', [ids, cacheTensor('past_key_values.0.key')], [logits]],
		[
			'should have the shape',
			[ids, cacheTensor('past_key_values.0.key', ['batch', 'past', 64])],
			[logits, cacheTensor('present.0.key')]
		]
	])('refuses a graph with: %s', (reason, inputs, outputs) => {
		expect(() => read(inputs, outputs)).toThrow(reason);
	});
});
