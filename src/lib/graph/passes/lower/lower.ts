import { GraphBuilder } from '../../builder.ts';
import { qualifiedName } from '../../graph.ts';
import type { Graph } from '../../graph.ts';
import { producersOf, prune, sortNodes } from '../../topology.ts';
import { ATTENTION_LOWERINGS } from './attention.ts';
import { FUSED_LOWERINGS } from './fused.ts';
import type { Lowering } from './lowering.ts';
import { QUANTISED_LOWERINGS } from './quantised.ts';
import { ROTARY_LOWERINGS } from './rotary.ts';

const LOWERINGS: Readonly<Record<string, Lowering>> = {
	...ATTENTION_LOWERINGS,
	...ROTARY_LOWERINGS,
	...FUSED_LOWERINGS,
	...QUANTISED_LOWERINGS
};

/** Whether an operator has a form in standard ones. */
export function canLower(name: string): boolean {
	return Object.hasOwn(LOWERINGS, name);
}

/**
 * Re-writes fused operators to standard ONNX ones. Values keep their names, so that what was asked of
 * the fused graph can be asked of the result.
 * @param graph in the passes' dialect (`modernise`), nodes in any order, sizes known (`specialise`)
 * @param keep operators to leave fused, such as those that `differentiate` has a rule for
 * @throws StudioError `unsupported` for options of a fused operator that have no standard form
 */
export function lower(graph: Graph, keep: ReadonlySet<string> = new Set()): Graph {
	let result: Graph = { ...graph, nodes: sortNodes(graph) };
	// A lowering may emit fused operators of a lower level (attention emits rotary embeddings).
	for (let round = 0; round < 4; round++) {
		const next = lowerOnce(result, (name) => canLower(name) && !keep.has(name));
		if (!next) break;
		result = next;
	}
	return result;
}

/** One round; undefined when there was nothing to do. */
function lowerOnce(graph: Graph, applies: (name: string) => boolean): Graph | undefined {
	if (!graph.nodes.some((node) => applies(qualifiedName(node)))) return undefined;
	let changed = false;
	const b = new GraphBuilder(graph, 'lower', { empty: true });
	const producers = producersOf(graph.nodes);
	const producer = producers.get.bind(producers);
	for (const node of graph.nodes) {
		const name = qualifiedName(node);
		const outputs = applies(name) ? LOWERINGS[name]?.({ b, node, producer }) : undefined;
		if (!outputs) {
			b.append(node);
			continue;
		}
		changed = true;
		node.outputs.forEach((output, index) => {
			const made = outputs[index];
			if (output !== '' && made !== undefined)
				b.emit('Identity', [made], {}, { outputs: [output] });
		});
	}
	return changed ? prune(b.finish()) : undefined;
}
