import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors.ts';
import { inspectFiles } from './model-files.ts';
import { scanGraph } from './scan-graph.ts';

const fixture = (path: string) =>
	new Uint8Array(
		readFileSync(new URL(`../../../tests/fixtures/decoders/${path}`, import.meta.url))
	);

function codeOf(work: () => unknown): string {
	try {
		work();
	} catch (error) {
		if (error instanceof StudioError) return `${error.code}: ${error.message}`;
		throw error;
	}
	return 'no error';
}

describe('scanGraph', () => {
	const whole = fixture('qwen3-fused/onnx/model.onnx');

	it('lists the nodes with their domains, inputs and outputs', () => {
		const { nodes } = scanGraph('model.onnx', whole);
		const attention = nodes.filter(({ operator }) => operator === 'GroupQueryAttention');
		expect(attention.length).toBeGreaterThan(1);
		expect(attention[0]?.domain).toBe('com.microsoft');
		expect(attention[0]?.inputs).toContain('past_key_values.0.key');
		expect(attention[0]?.outputs).toContain('present.0.value');
	});

	it('finds the files that weights lie in', () => {
		const { externalFiles } = scanGraph('m', fixture('gemma3-fused-external/onnx/model.onnx'));
		expect([...externalFiles].sort()).toEqual(['model.onnx_data', 'model.onnx_data_1']);
		expect(scanGraph('m', whole).externalFiles.size).toBe(0);
	});

	it.each([
		['truncated', whole.slice(0, Math.floor(whole.length / 2)), 'structure breaks off'],
		['empty', new Uint8Array(0), 'holds no graph'],
		['an HTML page', new TextEncoder().encode('<!doctype html><p>404'), 'not a whole ONNX model'],
		['random', Uint8Array.from({ length: 4096 }, (_, i) => (i * 2654435761) >>> 24), 'not a whole']
	])('names file and reason when the file is %s', (_, bytes, reason) => {
		const text = codeOf(() => scanGraph('onnx/model.onnx', bytes));
		expect(text).toMatch(/^bad-model: onnx\/model\.onnx/);
		expect(text).toContain(reason);
	});
});

describe('inspectFiles', () => {
	const graph = fixture('qwen3-fused-external/onnx/model.onnx');

	it('names the weights file that is missing', () => {
		const text = codeOf(() => inspectFiles({ name: 'onnx/model.onnx', graph, externalData: [] }));
		expect(text).toBe(
			'bad-model: onnx/model.onnx keeps weights in model.onnx_data, which is missing.'
		);
	});

	it('takes a path with a leading ./ as the same file', () => {
		const externalData = [{ path: './model.onnx_data', data: new Uint8Array(1) }];
		expect(codeOf(() => inspectFiles({ name: 'm', graph, externalData }))).toBe('no error');
	});
});
