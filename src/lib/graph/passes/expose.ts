import { StudioError } from '../../core/errors.ts';
import { GraphBuilder } from '../builder.ts';
import { qualifiedName } from '../graph.ts';
import type { Graph, Node, ValueInfo } from '../graph.ts';
import { inferFacts } from '../infer/infer.ts';
import { prune, sortNodes } from '../topology.ts';
import { attentionScores, softmaxWithSink } from './lower/attend.ts';
import { groupedQuery, multiHead } from './lower/attention.ts';
import { modernise } from './modernise.ts';

/**
 * Makes exactly these values the outputs; inner ones (hidden states, feature maps) included.
 * @throws StudioError `bad-input` for a name the graph does not have
 */
export function expose(graph: Graph, names: readonly string[]): Graph {
	const declared = new Map(graph.outputs.map((output) => [output.name, output]));
	if (names.every((name) => declared.has(name)) && names.length === declared.size) return graph;
	const sorted = { ...graph, nodes: sortNodes(graph) };
	const facts = inferFacts(sorted);
	const outputs = names.map((name): ValueInfo => {
		const fact = declared.get(name) ?? facts.get(name);
		if (!fact) throw unknown(name);
		const { type, dims } = fact;
		return { name, ...(type ? { type } : {}), ...(dims ? { dims } : {}) };
	});
	return prune({ ...sorted, outputs });
}

function unknown(name: string): StudioError {
	return new StudioError(
		'bad-input',
		`The model has no value named "${name}".`,
		'Ask for an output, or for an inner value by its name in the graph.'
	);
}

export interface AttentionOutput {
	/** Name of the output, [batch, heads, queries, keys], rows sum to 1. */
	readonly name: string;
	/** The attention node, in order through the network. */
	readonly node: string;
	readonly layer: number;
}

export interface WithAttention {
	readonly graph: Graph;
	readonly attention: readonly AttentionOutput[];
}

/**
 * Adds the attention probabilities of every layer as outputs. Beside a fused operator a side branch
 * computes them from its queries and its own present_key, so that the fused kernel and its cache stay
 * as they are; in primitive graphs they are the softmax that is multiplied with the values.
 * @param graph specialised to the sizes it will run at
 */
export function exposeAttention(graph: Graph): WithAttention {
	const modern = modernise(graph);
	const b = new GraphBuilder({ ...modern, nodes: sortNodes(modern) }, 'expose');
	const attention: AttentionOutput[] = [];
	for (const node of [...b.nodes]) {
		const name = probabilitiesOf(b, node);
		if (name === undefined) continue;
		const layer = attention.length;
		attention.push({ name, node: node.name === '' ? (node.outputs[0] ?? '') : node.name, layer });
	}
	const outputs = [...b.graph.outputs, ...attention.map(({ name }) => b.info(name))];
	// The branch may read a present_key that the model does not hand out.
	return { graph: b.finish({ outputs }), attention };
}

function probabilitiesOf(b: GraphBuilder, node: Node): string | undefined {
	switch (qualifiedName(node)) {
		case 'com.microsoft.GroupQueryAttention':
			return sideBranch(b, groupedQuery(b, node, presentKey(b, node)));
		case 'com.microsoft.MultiHeadAttention':
			return sideBranch(b, multiHead(b, node));
		case 'Softmax':
			return isAttention(b, node) ? (node.outputs[0] ?? '') : undefined;
		default:
			return undefined;
	}
}

/** The present_key of a node with a cache, already rotated; undefined when it has none. */
function presentKey(b: GraphBuilder, node: Node): string | undefined {
	const name = node.outputs[1];
	return name !== undefined && name !== '' && b.fact(name).dims ? name : undefined;
}

function sideBranch(
	b: GraphBuilder,
	operands: ReturnType<typeof groupedQuery> | ReturnType<typeof multiHead>
): string {
	const scores = attentionScores(b, operands);
	const sink = 'sink' in operands ? operands.sink : undefined;
	return sink ? softmaxWithSink(b, scores, sink) : b.op('Softmax', [scores], { axis: -1 });
}

/** A softmax over the last of at least three axes whose result is the left operand of a product. */
function isAttention(b: GraphBuilder, node: Node): boolean {
	const y = node.outputs[0] ?? '';
	const dims = b.fact(y).dims;
	const axis = node.attributes['axis'];
	const last =
		axis?.kind === 'int' ? axis.value === -1 || axis.value === (dims?.length ?? 0) - 1 : true;
	if (!dims || dims.length < 3 || !last) return false;
	const seen = new Set([y]);
	for (const other of b.nodes) {
		const from = other.inputs.findIndex((name) => seen.has(name));
		if (from < 0) continue;
		if (other.op === 'MatMul') return from === 0;
		// Dropout, casts and NaN guards lie between in some exports.
		const passes = ['Identity', 'Cast', 'Dropout', 'Reshape', 'Where', 'Mul', 'Expand'];
		if (passes.includes(other.op)) for (const name of other.outputs) seen.add(name);
	}
	return false;
}
