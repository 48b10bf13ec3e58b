import { sizeOf } from '../core/tensor.ts';
import { intOf } from './attributes.ts';
import { isFloat } from './element-type.ts';
import { qualifiedName } from './graph.ts';
import type { Dim, Graph, Node } from './graph.ts';
import { inferFacts } from './infer/infer.ts';
import { GRADIENT } from './passes/differentiate/gradient.ts';
import type { RuleTable } from './passes/differentiate/rule.ts';
import { modernise } from './passes/modernise.ts';
import { producersOf, sortNodes } from './topology.ts';

export interface InspectedValue {
	readonly name: string;
	readonly type: string;
	/** A number, or the name of a symbolic size. */
	readonly dims: readonly Dim[];
}

/** What a model is and whether gradients can pass it, without running it. */
export interface Inspection {
	/** Version of the ai.onnx operator set. */
	readonly opset: number;
	readonly inputs: readonly InspectedValue[];
	readonly outputs: readonly InspectedValue[];
	/** Weights, quantised ones counted one by one; shapes, indices and quantisation scales left out. */
	readonly parameters: number;
	/** Nodes by operator (with its domain where that is not ai.onnx), most frequent first. */
	readonly operators: Readonly<Record<string, number>>;
	/** Whether a gradient reaches every float value from every float output. */
	readonly differentiable: boolean;
	/** Operators on the way that have no rule, with the names of their nodes. */
	readonly missing: readonly { readonly operator: string; readonly nodes: readonly string[] }[];
}

/**
 * Looks a graph over.
 * @throws StudioError `bad-model` for cyclic or disconnected graphs and shapes that do not fit
 */
export function inspectGraph(graph: Graph, rules: RuleTable = GRADIENT): Inspection {
	const missing = missingRules(graph, rules);
	const counts = new Map<string, number>();
	for (const node of graph.nodes) {
		const name = qualifiedName(node);
		counts.set(name, (counts.get(name) ?? 0) + 1);
	}
	const describe = ({ name, type, dims }: Graph['inputs'][number]): InspectedValue => ({
		name,
		type: type ?? 'other',
		dims: dims ?? []
	});
	const constants = new Set(graph.initializers.keys());
	return {
		opset: graph.opsets.get('') ?? 0,
		inputs: graph.inputs.filter(({ name }) => !constants.has(name)).map(describe),
		outputs: graph.outputs.map(describe),
		parameters: countParameters(graph),
		operators: Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)),
		differentiable: missing.length === 0,
		missing
	};
}

/** Elements of weights: floats, and quantised matrices unpacked; no scales and zero points of those. */
function countParameters(graph: Graph): number {
	const packed = new Map<string, number>();
	const helpers = new Set<string>();
	for (const node of graph.nodes) {
		if (node.op !== 'MatMulNBits' && node.op !== 'GatherBlockQuantized') continue;
		const table = node.op === 'GatherBlockQuantized';
		const weight = node.inputs[table ? 0 : 1] ?? '';
		const constant = graph.initializers.get(weight);
		const perByte = constant?.type === 'uint8' ? 8 / intOf(node, 'bits', 4) : 1;
		const size = sizeOf(constant?.dims ?? []) * perByte;
		packed.set(weight, table ? size : intOf(node, 'N', 0) * intOf(node, 'K', 0));
		for (const name of node.inputs.slice(2, 4)) helpers.add(name);
	}
	let total = 0;
	for (const [name, { type, dims }] of graph.initializers) {
		const weight = isFloat(type) || /^(u?int[48])$/.test(type);
		if (weight && !helpers.has(name)) total += packed.get(name) ?? sizeOf(dims);
	}
	return total;
}

/** Operators without a rule that lie between a float input or weight and a float output. */
function missingRules(graph: Graph, rules: RuleTable): Inspection['missing'] {
	const nodes = sortNodes(graph);
	const modern = modernise({ ...graph, nodes });
	const facts = inferFacts(modern);
	const producers = producersOf(modern.nodes);
	const isFloating = (name: string): boolean => {
		const type = facts.get(name)?.type;
		return name !== '' && (type === undefined || isFloat(type));
	};
	const kindOf = (node: Node): string => {
		const name = qualifiedName(node);
		if (inQuantisedProduct(node, modern.nodes, producers)) return 'lowered';
		return Object.hasOwn(rules, name) ? rules[name as keyof RuleTable].kind : 'refused';
	};
	const reaches = new Set(modern.outputs.map(({ name }) => name).filter(isFloating));
	const found = new Map<string, string[]>();
	for (const node of [...modern.nodes].reverse()) {
		if (!node.outputs.some((name) => reaches.has(name))) continue;
		const kind = kindOf(node);
		if (kind === 'zero') continue;
		const floats = node.inputs.filter(isFloating);
		if (kind === 'refused' && floats.length > 0) {
			const operator = qualifiedName(node);
			const names = found.get(operator) ?? [];
			found.set(operator, [node.name === '' ? (node.outputs[0] ?? '') : node.name, ...names]);
		}
		const inner = kind === 'lowered' ? node.inputs : floats;
		for (const name of inner) reaches.add(name);
	}
	return [...found].map(([operator, names]) => ({ operator, nodes: names }));
}

/** Integer products that `lower` turns back into float ones: DynamicQuantizeLinear → MatMulInteger. */
function inQuantisedProduct(
	node: Node,
	nodes: readonly Node[],
	producers: ReadonlyMap<string, Node>
): boolean {
	if (node.op === 'MatMulInteger') {
		return producers.get(node.inputs[0] ?? '')?.op === 'DynamicQuantizeLinear';
	}
	if (node.op !== 'DynamicQuantizeLinear') return false;
	const readers = nodes.filter((other) => other.inputs.includes(node.outputs[0] ?? ''));
	return readers.every(({ op }) => op === 'MatMulInteger' || op === 'MatMulIntegerToFloat');
}
