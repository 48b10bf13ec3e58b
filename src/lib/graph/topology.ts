import { StudioError } from '../core/errors.ts';
import { describeNode } from './graph.ts';
import type { Attribute, Graph, Node } from './graph.ts';
import type { GraphProto } from './onnx_pb.js';

/** Every value a node reads: its inputs and what its sub-graphs take from outside. */
export function readsOf(node: Node): readonly string[] {
	const captured = Object.values(node.attributes).flatMap(capturedBy);
	const inputs = node.inputs.filter((name) => name !== '');
	return captured.length === 0 ? inputs : [...inputs, ...captured];
}

function capturedBy(attribute: Attribute): string[] {
	if (attribute.kind !== 'opaque') return [];
	const { g, graphs } = attribute.value;
	return [...(g ? [g] : []), ...graphs].flatMap(freeNames);
}

function freeNames(graph: GraphProto): string[] {
	const bound = new Set([...graph.input, ...graph.initializer].map((value) => value.name));
	const free = new Set<string>();
	for (const node of graph.node) {
		const inner = node.attribute.flatMap(({ g, graphs }) =>
			[...(g ? [g] : []), ...graphs].flatMap(freeNames)
		);
		for (const name of [...node.input, ...inner]) {
			if (name !== '' && !bound.has(name)) free.add(name);
		}
		for (const name of node.output) bound.add(name);
	}
	for (const { name } of graph.output) if (!bound.has(name)) free.add(name);
	return [...free];
}

/** The node that makes each value. @throws StudioError `bad-model` when two nodes make one value */
export function producersOf(nodes: readonly Node[]): Map<string, Node> {
	const producers = new Map<string, Node>();
	for (const node of nodes) {
		for (const output of node.outputs) {
			if (output === '') continue;
			const other = producers.get(output);
			if (other) {
				throw broken(
					`"${output}" is made twice, by ${describeNode(other)} and ${describeNode(node)}`
				);
			}
			producers.set(output, node);
		}
	}
	return producers;
}

/**
 * The nodes in an order where each comes after what it reads; stable, so that a sorted graph stays
 * as it is.
 * @throws StudioError `bad-model` for cycles and for values that nothing makes
 */
export function sortNodes(graph: Graph): Node[] {
	const producers = producersOf(graph.nodes);
	const given = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
	const state = new Map<Node, 'open' | 'done'>();
	const sorted: Node[] = [];
	for (const root of graph.nodes) visit(root);
	for (const { name } of graph.outputs) {
		if (!given.has(name) && !producers.has(name)) {
			throw broken(`output "${name}" is disconnected: no node, input or initializer makes it`);
		}
	}
	return sorted;

	/** Depth-first with its own stack: graphs are deeper than JavaScript's call stack. */
	function visit(root: Node): void {
		const stack: { node: Node; pending: Node[] }[] = [];
		const enter = (node: Node): void => {
			if (state.get(node) === 'done') return;
			if (state.get(node) === 'open') {
				throw broken(`it has a cycle through ${describeNode(node)}`);
			}
			state.set(node, 'open');
			stack.push({ node, pending: dependencies(node).reverse() });
		};
		enter(root);
		for (let top = stack.at(-1); top; top = stack.at(-1)) {
			const next = top.pending.pop();
			if (next) {
				enter(next);
			} else {
				state.set(top.node, 'done');
				sorted.push(top.node);
				stack.pop();
			}
		}
	}

	function dependencies(node: Node): Node[] {
		const found: Node[] = [];
		for (const name of readsOf(node)) {
			const producer = producers.get(name);
			if (producer) found.push(producer);
			else if (!given.has(name)) {
				throw broken(
					`${describeNode(node)} reads "${name}", which no node, input or initializer makes`
				);
			}
		}
		return found;
	}
}

/** Drops nodes and initializers that no output needs; inputs stay, for they are the interface. */
export function prune(graph: Graph): Graph {
	const producers = producersOf(graph.nodes);
	const needed = new Set<Node>();
	const read = new Set<string>();
	const queue = graph.outputs.map(({ name }) => name);
	for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
		if (read.has(name)) continue;
		read.add(name);
		const producer = producers.get(name);
		if (!producer || needed.has(producer)) continue;
		needed.add(producer);
		queue.push(...readsOf(producer));
	}
	const made = new Set(graph.nodes.filter((node) => needed.has(node)).flatMap((n) => n.outputs));
	return {
		...graph,
		nodes: graph.nodes.filter((node) => needed.has(node)),
		initializers: new Map([...graph.initializers].filter(([name]) => read.has(name))),
		values: new Map([...graph.values].filter(([name]) => made.has(name)))
	};
}

function broken(why: string): StudioError {
	return new StudioError(
		'bad-model',
		`The model's graph is not runnable: ${why}.`,
		'Export the model again, or check the file it came from.'
	);
}
