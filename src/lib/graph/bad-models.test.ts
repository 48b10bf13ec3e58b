import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors.ts';
import { random } from '../core/random.ts';
import { floats } from '../core/tensor.ts';
import { constantOf } from './constant.ts';
import { decodeGraph } from './decode.ts';
import { encodeGraph } from './encode.ts';
import type { Constant, Graph, Node } from './graph.ts';
import { inspectGraph } from './inspect.ts';
import { newGraph, newNode } from './new-graph.ts';
import { cut } from './passes/cut.ts';
import { differentiate } from './passes/differentiate/differentiate.ts';
import { lift } from './passes/lift.ts';
import { specialise, specialiseTo } from './passes/specialise.ts';
import { sortNodes } from './topology.ts';

const X = { name: 'x', type: 'float32', dims: ['n', 4] } as const;
const Y = { name: 'y', type: 'float32' } as const;

function graphOf(nodes: readonly Node[], initializers: Record<string, Constant> = {}): Graph {
	return newGraph({ nodes, inputs: [X], outputs: [Y], initializers });
}

const weight = constantOf(
	floats(
		[4, 4],
		Array.from({ length: 16 }, (_, i) => Math.sin(i))
	)
);

describe('graphs that cannot run', () => {
	it('names the node of a cycle', () => {
		const graph = graphOf([newNode('Add', ['x', 'b'], ['a']), newNode('Relu', ['a'], ['b'])]);
		expect(() => sortNodes(graph)).toThrow(/cycle through (Add|Relu) node/);
	});

	it('names what nothing makes', () => {
		expect(() => inspectGraph(graphOf([newNode('Add', ['x', 'ghost'], ['y'])]))).toThrow(/"ghost"/);
		expect(() => inspectGraph(graphOf([newNode('Relu', ['x'], ['z'])]))).toThrow(/"y" is disconn/);
	});

	it('names a value made twice and shapes that do not fit', () => {
		const twice = [newNode('Relu', ['x'], ['y']), newNode('Tanh', ['x'], ['y'])];
		expect(() => inspectGraph(graphOf(twice))).toThrow(/made twice/);
		const wrong = graphOf([newNode('MatMul', ['x', 'w'], ['y'], {}, { name: 'product' })], {
			w: constantOf(floats([3, 2], [1, 2, 3, 4, 5, 6]))
		});
		expect(() => specialise(wrong, { n: 2 })).toThrow(/MatMul node "product".*4 against 3/);
	});
});

describe('operators without a rule', () => {
	const nodes = [
		newNode('MatMul', ['x', 'w'], ['h']),
		newNode('Mystery', ['h'], ['y'], {}, { domain: 'example.org', name: 'riddle' })
	];

	it('are named by inspect, with their nodes', () => {
		const report = inspectGraph(graphOf(nodes, { w: weight }));
		expect(report.differentiable).toBe(false);
		expect(report.missing).toEqual([{ operator: 'example.org.Mystery', nodes: ['riddle'] }]);
		expect(report.parameters).toBe(16);
		expect(report.operators).toEqual({ MatMul: 1, 'example.org.Mystery': 1 });
	});

	it('are kept through the codec and named by differentiate with node and model', () => {
		const graph = decodeGraph(encodeGraph(graphOf(nodes, { w: weight })));
		expect(graph.nodes).toEqual(nodes);
		const typed: Graph = { ...graph, outputs: [{ ...Y, dims: [2, 4] }] };
		const options = { of: ['y'], wrt: ['x'], model: 'enigma.onnx' };
		expect(() => differentiate(specialise(typed, { n: 2 }), options)).toThrow(
			/"enigma.onnx" passes example.org.Mystery node "riddle"/
		);
	});

	it('say that a size must be known, and refuse integers and unknown names', () => {
		const graph = graphOf([newNode('MatMul', ['x', 'w'], ['y'])], { w: weight });
		expect(() => differentiate(graph, { of: ['y'], wrt: ['w'] })).toThrow(
			/not known before running/
		);
		const known = specialise(graph, { n: 2 });
		expect(() => differentiate(known, { of: ['y'], wrt: ['nothing'] })).toThrow(/"nothing"/);
		expect(() => specialiseTo(graph, { x: [2, 5] })).toThrow(/\[n, 4\] but was given \[2, 5\]/);
	});
});

describe('cut and lift', () => {
	const graph = graphOf([newNode('MatMul', ['x', 'w'], ['h']), newNode('Relu', ['h'], ['y'])], {
		w: weight
	});

	it('makes inner values and weights inputs', () => {
		const inner = cut(graph, ['h']);
		expect(inner.inputs).toEqual([{ name: 'h', type: 'float32', dims: ['n', 4] }]);
		expect(inner.nodes.map(({ op }) => op)).toEqual(['Relu']);
		expect(inner.initializers.size).toBe(0);
		expect(() => cut(graph, ['q'])).toThrow(/no inner value named "q"/);
		const { graph: lifted, weights } = lift(graph, () => true);
		expect(lifted.inputs.map(({ name }) => name)).toEqual(['x', 'w']);
		expect(weights.get('w')).toBe(weight);
	});
});

describe('damaged files', () => {
	it('give a clear error or a graph, never anything else', () => {
		const bytes = encodeGraph(
			graphOf([newNode('Gemm', ['x', 'w'], ['h'], { transB: 1 }), newNode('Relu', ['h'], ['y'])], {
				w: weight
			})
		);
		const r = random(11);
		const runs = process.env['VITRINE_FULL'] ? 5000 : 500;
		let errors = 0;
		for (let i = 0; i < runs; i++) {
			const damaged = bytes.slice(0, r.next() < 0.3 ? r.integer(bytes.length) : bytes.length);
			for (let k = r.integer(4); k >= 0 && damaged.length > 0; k--) {
				damaged[r.integer(damaged.length)] = r.integer(256);
			}
			try {
				inspectGraph(decodeGraph(damaged));
			} catch (error) {
				errors++;
				if (!(error instanceof StudioError)) throw error;
			}
		}
		expect(errors).toBeGreaterThan(runs / 10);
	});
});

describe('models of over a gigabyte', () => {
	it('pass codec and differentiate with little memory, their weights left where they are', () => {
		const layers = 300;
		const initializers: Record<string, Constant> = {};
		const nodes: Node[] = [];
		for (let i = 0; i < layers; i++) {
			const data = {
				kind: 'external',
				location: 'weights.bin',
				offset: i * 2 ** 22,
				length: 2 ** 22
			} as const;
			initializers[`w${i}`] = { type: 'float32', dims: [1024, 1024], data };
			const input = i === 0 ? 'x' : `h${i - 1}`;
			nodes.push(newNode('MatMul', [input, `w${i}`], [i === layers - 1 ? 'y' : `h${i}`]));
		}
		const x = { name: 'x', type: 'float32', dims: [1, 1024] } as const;
		const file = encodeGraph(newGraph({ nodes, inputs: [x], outputs: [Y], initializers }));
		const before = process.memoryUsage();
		const { graph } = differentiate(decodeGraph(file), { of: ['y'], wrt: ['x'] });
		const derived = encodeGraph(graph);
		const after = process.memoryUsage();
		const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
		expect(grown).toBeLessThan(100e6);
		expect(derived.length).toBeLessThan(1e6);
		expect(graph.initializers.get('w7')?.data).toMatchObject({ offset: 7 * 2 ** 22 });
	});
});
