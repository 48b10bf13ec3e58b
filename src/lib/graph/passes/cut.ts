import { StudioError } from '../../core/errors.ts';
import type { Graph, ValueInfo } from '../graph.ts';
import { inferFacts } from '../infer/infer.ts';
import { prune, sortNodes } from '../topology.ts';

/**
 * Makes inner values inputs: the nodes that made them are dropped, and inputs that only those read
 * disappear. The embeddings of a language model become feedable so.
 * @throws StudioError `bad-input` for a name that no node makes
 */
export function cut(graph: Graph, names: readonly string[]): Graph {
	const wanted = new Set(names);
	const sorted = { ...graph, nodes: sortNodes(graph) };
	const facts = inferFacts(sorted);
	const made = new Set(sorted.nodes.flatMap((node) => node.outputs));
	const added = [...wanted].map((name): ValueInfo => {
		if (!made.has(name)) throw unknown(name);
		const { type, dims } = facts.get(name) ?? {};
		return { name, ...(type ? { type } : {}), ...(dims ? { dims } : {}) };
	});
	const nodes = sorted.nodes.map((node) =>
		node.outputs.some((output) => wanted.has(output))
			? { ...node, outputs: node.outputs.map((output) => (wanted.has(output) ? '' : output)) }
			: node
	);
	const live = nodes.filter((node) => node.outputs.some((output) => output !== ''));
	const result = prune({ ...sorted, nodes: live, inputs: [...graph.inputs, ...added] });
	return { ...result, inputs: usedInputs(result, wanted) };
}

/** Inputs that are still read, and the new ones. */
function usedInputs(graph: Graph, added: ReadonlySet<string>): readonly ValueInfo[] {
	const read = new Set(graph.nodes.flatMap((node) => node.inputs));
	const outputs = new Set(graph.outputs.map(({ name }) => name));
	return graph.inputs.filter(({ name }) => read.has(name) || added.has(name) || outputs.has(name));
}

function unknown(name: string): StudioError {
	return new StudioError(
		'bad-input',
		`The model has no inner value named "${name}".`,
		'`inspect` lists its inputs and outputs; inner names are those of the graph.'
	);
}
