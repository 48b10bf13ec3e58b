import { constantFrom } from '../constant.ts';
import type { ElementType } from '../element-type.ts';
import type { Constant, Graph, Node } from '../graph.ts';
import type { Fact } from '../infer/fact.ts';
import { isStatic } from '../infer/fact.ts';
import { inferFacts } from '../infer/infer.ts';
import { prune, sortNodes } from '../topology.ts';

/** Types whose small values are computed ahead; floats are left to the runtime's own rounding. */
const FOLDABLE: ReadonlySet<ElementType> = new Set(['int64', 'int32', 'bool', 'uint8']);

/**
 * Replaces nodes whose results are known small integers (shapes, indices, masks) by constants and
 * drops what only they needed. Nodes come out in topological order.
 */
export function fold(graph: Graph): Graph {
	const sorted = { ...graph, nodes: sortNodes(graph) };
	const facts = inferFacts(sorted);
	const initializers = new Map(graph.initializers);
	const outputs = new Set(graph.outputs.map(({ name }) => name));
	const nodes = sorted.nodes.filter((node) => {
		const constants = foldNode(node, facts);
		if (!constants || node.outputs.some((name) => outputs.has(name))) return true;
		for (const [name, constant] of constants) initializers.set(name, constant);
		return false;
	});
	return prune({ ...sorted, nodes, initializers });
}

function foldNode(node: Node, facts: ReadonlyMap<string, Fact>): [string, Constant][] | undefined {
	const constants: [string, Constant][] = [];
	for (const name of node.outputs) {
		if (name === '') continue;
		const { type, dims, value } = facts.get(name) ?? {};
		if (!type || !FOLDABLE.has(type) || !isStatic(dims) || !isStatic(value)) return undefined;
		constants.push([name, constantFrom(type, dims, value)]);
	}
	return constants;
}
