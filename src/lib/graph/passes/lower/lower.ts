import type { Graph } from '../../graph.ts';

export function lower(graph: Graph): Graph {
	return graph;
}
