import type { Constant, Graph, ValueInfo } from '../graph.ts';

export interface Lifted {
	readonly graph: Graph;
	/** What each new input must be fed with: the initializers as they were. */
	readonly weights: ReadonlyMap<string, Constant>;
}

/**
 * Makes initializers inputs, so that several sessions can share one copy of the weights and a person
 * can replace them. Small ones stay: runtimes read shapes and scales when a session is built.
 * @param choose which to lift; all of at least 1 KiB by default
 */
export function lift(
	graph: Graph,
	choose: (name: string, constant: Constant) => boolean = isLarge
): Lifted {
	const weights = new Map<string, Constant>();
	const kept = new Map<string, Constant>();
	for (const [name, constant] of graph.initializers) {
		(choose(name, constant) ? weights : kept).set(name, constant);
	}
	const declared = new Set(graph.inputs.map(({ name }) => name));
	const added = [...weights].flatMap(([name, { type, dims }]): ValueInfo[] =>
		declared.has(name) ? [] : [{ name, type, dims }]
	);
	return { graph: { ...graph, initializers: kept, inputs: [...graph.inputs, ...added] }, weights };
}

function isLarge(_: string, { type, dims }: Constant): boolean {
	return type !== 'string' && dims.reduce((m, n) => m * n, 1) >= 256;
}
