import { StudioError } from '../../core/errors.ts';
import { floatOf, intOf, intsOf, floatsOf, tensorOf } from '../attributes.ts';
import { constantFrom } from '../constant.ts';
import type { Constant, Graph, Node } from '../graph.ts';
import { DIALECT, newNode } from '../new-graph.ts';
import { prune } from '../topology.ts';

interface Upgrade {
	readonly node: Node;
	/** The operator set the node was written in. */
	readonly from: number;
	ints(values: readonly number[]): string;
	floats(values: readonly number[], scalar?: boolean): string;
	fresh(hint: string): string;
}

/** Nodes that mean in the dialect what the node meant in its operator set. */
type Rewrite = (upgrade: Upgrade) => readonly Node[];

/** The oldest operator set that is read: before it, broadcasting worked differently. */
const OLDEST = 7;

/**
 * Brings a graph to the operator set that all passes speak (21, or the graph's own when newer):
 * constants become initializers, attributes that became inputs are moved, inference-mode Dropout is
 * dropped. The result computes the same function.
 * @throws StudioError `unsupported` for operator sets before 7
 */
export function modernise(graph: Graph): Graph {
	const from = graph.opsets.get('') ?? DIALECT;
	if (from < OLDEST) {
		throw new StudioError(
			'unsupported',
			`The model uses ONNX operator set ${from}; ${OLDEST} or newer is needed.`,
			'Export it again with opset 13 or later.'
		);
	}
	const initializers = new Map(graph.initializers);
	const names = new Set([
		...initializers.keys(),
		...graph.inputs.map(({ name }) => name),
		...graph.nodes.flatMap((node) => node.outputs)
	]);
	const fresh = (hint: string): string => {
		let [name, count] = [hint, 0];
		while (names.has(name)) name = `${hint}_${++count}`;
		names.add(name);
		return name;
	};
	const constant = (value: Constant, hint: string): string => {
		const name = fresh(hint);
		initializers.set(name, value);
		return name;
	};
	const nodes = graph.nodes.flatMap((node) => {
		const fixed = node.op === 'Constant' && node.domain === '' ? constantOfNode(node) : undefined;
		if (fixed) {
			initializers.set(node.outputs[0] ?? '', fixed);
			return [];
		}
		const rewrite =
			node.domain === '' && Object.hasOwn(REWRITES, node.op) ? REWRITES[node.op] : undefined;
		const base = node.outputs[0] ?? node.op;
		return (
			rewrite?.({
				node,
				from,
				fresh,
				ints: (values) => constant(constantFrom('int64', [values.length], values), `${base}/ints`),
				floats: (values, scalar) =>
					constant(constantFrom('float32', scalar ? [] : [values.length], values), `${base}/floats`)
			}) ?? [node]
		);
	});
	const opsets = new Map(graph.opsets).set('', Math.max(from, DIALECT));
	return prune({ ...graph, nodes, initializers, opsets });
}

function constantOfNode(node: Node): Constant | undefined {
	const value = tensorOf(node, 'value');
	if (value) return value;
	const ints = intsOf(node, 'value_ints');
	if (ints) return constantFrom('int64', [ints.length], ints);
	const floats = floatsOf(node, 'value_floats');
	if (floats) return constantFrom('float32', [floats.length], floats);
	if (node.attributes['value_int']) return constantFrom('int64', [], [intOf(node, 'value_int', 0)]);
	return node.attributes['value_float']
		? constantFrom('float32', [], [floatOf(node, 'value_float', 0)])
		: undefined;
}

function without(node: Node, ...names: string[]): Node['attributes'] {
	return Object.fromEntries(
		Object.entries(node.attributes).filter(([name]) => !names.includes(name))
	);
}

/** Axes as an attribute become the second input (ReduceSum, Squeeze, … 13; other reductions 18). */
const axesToInput: Rewrite = ({ node, ints }) => {
	const axes = intsOf(node, 'axes');
	if (!axes) return [node];
	const attributes = without(node, 'axes');
	return [{ ...node, inputs: [node.inputs[0] ?? '', ints(axes)], attributes }];
};

/** Before 13 softmax flattened to two axes and its axis defaulted to 1. */
const softmax: Rewrite = ({ node, from, fresh }) => {
	if (from >= 13) return [node];
	const axis = intOf(node, 'axis', 1);
	if (axis === -1) return [node];
	const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
	const [flat, shape, soft] = ['flat', 'shape', 'soft'].map((part) => fresh(`${y}/${part}`));
	return [
		newNode('Flatten', [x], [flat ?? ''], { axis }),
		newNode('Shape', [x], [shape ?? '']),
		{ ...newNode(node.op, [flat ?? ''], [soft ?? ''], { axis: -1 }), name: node.name },
		newNode('Reshape', [soft ?? '', shape ?? ''], [y])
	];
};

const split: Rewrite = ({ node, from, ints }) => {
	const sizes = intsOf(node, 'split');
	if (sizes) {
		return [
			{
				...node,
				inputs: [node.inputs[0] ?? '', ints(sizes)],
				attributes: without(node, 'split')
			}
		];
	}
	if (from >= 18 || node.inputs[1]) return [node];
	const count = { kind: 'int', value: node.outputs.length } as const;
	return [{ ...node, attributes: { ...node.attributes, num_outputs: count } }];
};

const slice: Rewrite = ({ node, ints }) => {
	const [starts, ends, axes] = ['starts', 'ends', 'axes'].map((name) => intsOf(node, name));
	if (!starts || !ends) return [node];
	const inputs = [node.inputs[0] ?? '', ints(starts), ints(ends)];
	if (axes) inputs.push(ints(axes));
	return [{ ...node, inputs, attributes: {} }];
};

const pad: Rewrite = ({ node, ints, floats }) => {
	const pads = intsOf(node, 'pads');
	if (!pads) return [node];
	const value = floats([floatOf(node, 'value', 0)], true);
	return [
		{
			...node,
			inputs: [node.inputs[0] ?? '', ints(pads), value],
			attributes: without(node, 'pads', 'value')
		}
	];
};

const clip: Rewrite = ({ node, from, floats }) => {
	if (from >= 11) return [node];
	const bound = (name: string): string =>
		node.attributes[name] ? floats([floatOf(node, name, 0)], true) : '';
	const inputs = [node.inputs[0] ?? '', bound('min'), bound('max')];
	return [{ ...node, inputs, attributes: {} }];
};

const topK: Rewrite = ({ node, from, ints }) =>
	from >= 10
		? [node]
		: [
				{
					...node,
					inputs: [node.inputs[0] ?? '', ints([intOf(node, 'k', 1)])],
					attributes: without(node, 'k')
				}
			];

/** Upsample and Resize-10 scale from the corner and round down. */
const resize: Rewrite = ({ node, from, floats }) => {
	const upsample = node.op === 'Upsample';
	if (from >= 11 && !upsample) return [node];
	const given = floatsOf(node, 'scales');
	const scales = given ? floats(given) : (node.inputs[1] ?? '');
	const mode = node.attributes['mode'];
	return [
		{
			...newNode('Resize', [node.inputs[0] ?? '', '', scales], node.outputs, {
				...(mode ? { mode } : {}),
				coordinate_transformation_mode: 'asymmetric',
				nearest_mode: 'floor'
			}),
			name: node.name
		}
	];
};

/** At inference Dropout is the identity; one in training mode stays and is refused later. */
const dropout: Rewrite = ({ node }) =>
	node.inputs[2] || node.outputs[1]
		? [node]
		: [newNode('Identity', [node.inputs[0] ?? ''], [node.outputs[0] ?? ''])];

const batchNorm: Rewrite = ({ node, from }) =>
	from >= 14
		? [node]
		: [{ ...node, outputs: node.outputs.slice(0, 1), attributes: without(node, 'spatial') }];

const groupNorm: Rewrite = ({ node, from, ints, fresh }) => {
	if (from >= 21) return [node];
	const groups = intOf(node, 'num_groups', 1);
	const nodes: Node[] = [];
	// Scale and bias were given by group; now they are by channel.
	const widen = (name: string): string => {
		const base = node.outputs[0] ?? '';
		const [shape, channels, size, target, column, wide, flat] = Array.from({ length: 7 }, (_, i) =>
			fresh(`${base}/widen_${name}_${i}`)
		) as [string, string, string, string, string, string, string];
		nodes.push(
			newNode('Shape', [node.inputs[0] ?? ''], [shape], { start: 1, end: 2 }),
			newNode('Identity', [shape], [channels]),
			newNode('Div', [channels, ints([groups])], [size]),
			newNode('Concat', [ints([groups]), size], [target], { axis: 0 }),
			newNode('Reshape', [name, ints([groups, 1])], [column]),
			newNode('Expand', [column, target], [wide]),
			newNode('Reshape', [wide, ints([-1])], [flat])
		);
		return flat;
	};
	const inputs = [node.inputs[0] ?? '', widen(node.inputs[1] ?? ''), widen(node.inputs[2] ?? '')];
	return [...nodes, { ...node, inputs }];
};

const scatter: Rewrite = ({ node }) => [{ ...node, op: 'ScatterElements' }];

const REWRITES: Readonly<Record<string, Rewrite>> = {
	Softmax: softmax,
	LogSoftmax: softmax,
	Hardmax: softmax,
	Split: split,
	Slice: slice,
	Pad: pad,
	Clip: clip,
	TopK: topK,
	Upsample: resize,
	Resize: resize,
	Dropout: dropout,
	BatchNormalization: batchNorm,
	GroupNormalization: groupNorm,
	Scatter: scatter,
	...Object.fromEntries(
		// prettier-ignore
		['ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd',
		'ReduceSum', 'ReduceSumSquare', 'Squeeze', 'Unsqueeze'].map((name) => [name, axesToInput])
	)
};
