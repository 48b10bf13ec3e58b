import { StudioError } from '../core/errors.ts';
import { attributeOf } from './attributes.ts';
import type { AttributeLike } from './attributes.ts';
import { constantFrom } from './constant.ts';
import type { ElementType } from './element-type.ts';
import type { Constant, Graph, Node, ValueInfo } from './graph.ts';
import type { Fact } from './infer/fact.ts';
import { UNKNOWN, isStatic } from './infer/fact.ts';
import { factOfConstant, inferFacts, inferNode } from './infer/infer.ts';
import { newNode } from './new-graph.ts';

export interface EmitOptions {
	readonly domain?: string;
	/** How many outputs to name, or their names; one fresh name by default. */
	readonly outputs?: number | readonly string[];
}

/**
 * Appends nodes to a graph and knows type and shape of everything in it. Equal nodes on equal inputs
 * are made once, equal small constants too. The graph it starts from is not changed.
 */
export class GraphBuilder {
	readonly graph: Graph;
	readonly facts: Map<string, Fact>;
	readonly nodes: Node[];
	readonly initializers: Map<string, Constant>;
	readonly #prefix: string;
	readonly #made = new Map<string, readonly string[]>();
	readonly #constants = new Map<string, string>();
	#count = 0;

	/**
	 * @param graph nodes in topological order
	 * @param prefix begins every new name, so that it says which pass made a value
	 */
	constructor(graph: Graph, prefix: string, options: { readonly empty?: boolean } = {}) {
		this.graph = graph;
		this.#prefix = prefix;
		this.facts = inferFacts(graph);
		this.nodes = options.empty ? [] : [...graph.nodes];
		this.initializers = new Map(graph.initializers);
	}

	/** A name that nothing in the graph has yet. */
	fresh(hint: string): string {
		let name: string;
		do name = `${this.#prefix}/${hint}_${this.#count++}`;
		while (this.facts.has(name));
		return name;
	}

	/** Appends a node and returns the names of its outputs. */
	emit(
		op: string,
		inputs: readonly string[],
		attributes: Readonly<Record<string, AttributeLike>> = {},
		options: EmitOptions = {}
	): readonly string[] {
		const full = Object.fromEntries(
			Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)])
		);
		const named = typeof options.outputs === 'object';
		const count = typeof options.outputs === 'number' ? options.outputs : 1;
		const key = named
			? ''
			: JSON.stringify([options.domain ?? '', op, inputs, full, count], (_, value: unknown) =>
					value instanceof Uint8Array ? Array.from(value) : value
				);
		const known = key === '' ? undefined : this.#made.get(key);
		if (known) return known;
		const outputs =
			typeof options.outputs === 'object'
				? options.outputs
				: Array.from({ length: count }, () => this.fresh(op));
		const domain = options.domain ?? '';
		this.append(newNode(op, inputs, outputs, full, { domain, name: outputs[0] ?? '' }));
		if (key !== '') this.#made.set(key, outputs);
		return outputs;
	}

	/** Appends a node with one output and returns its name. */
	op(
		op: string,
		inputs: readonly string[],
		attributes: Readonly<Record<string, AttributeLike>> = {},
		options: EmitOptions = {}
	): string {
		return this.emit(op, inputs, attributes, options)[0] ?? '';
	}

	/** Appends a node as it is and infers its outputs. */
	append(node: Node): void {
		this.nodes.push(node);
		const outputs = inferNode(node, this.facts, this.graph.opsets.get('') ?? 0);
		node.outputs.forEach((name, index) => {
			const known = this.facts.get(name) ?? UNKNOWN;
			const fact = outputs[index] ?? UNKNOWN;
			if (name !== '')
				this.facts.set(name, fact.dims ? fact : { ...known, type: fact.type ?? known.type });
		});
	}

	/** A constant; small ones are shared. */
	constant(constant: Constant, hint = 'constant'): string {
		const { data } = constant;
		const key =
			data.kind === 'raw' && data.bytes.length <= 256
				? `${constant.type}[${constant.dims.join()}]${data.bytes.join()}`
				: undefined;
		const known = key === undefined ? undefined : this.#constants.get(key);
		if (known !== undefined) return known;
		const name = this.fresh(hint);
		this.initializers.set(name, constant);
		this.facts.set(name, factOfConstant(constant));
		if (key !== undefined) this.#constants.set(key, name);
		return name;
	}

	/** A one-dimensional int64 constant: axes, shapes, sizes. */
	ints(values: readonly number[]): string {
		return this.constant(constantFrom('int64', [values.length], values), 'ints');
	}

	/** A scalar constant of the element type of `like` (or of the type given). */
	scalar(value: number, type: ElementType = 'float32'): string {
		return this.constant(constantFrom(type, [], [value]), 'scalar');
	}

	/** A scalar of the same element type as an existing value. */
	scalarLike(value: number, like: string): string {
		return this.scalar(value, this.type(like));
	}

	fact(name: string): Fact {
		return this.facts.get(name) ?? UNKNOWN;
	}

	/** Element type of a value. @throws StudioError `unsupported` when it is not known */
	type(name: string): ElementType {
		const { type } = this.fact(name);
		if (type) return type;
		throw unknown(name, 'element type');
	}

	/** Shape of a value. @throws StudioError `unsupported` when a size is not known */
	dims(name: string): readonly number[] {
		const { dims } = this.fact(name);
		if (isStatic(dims)) return dims;
		throw unknown(name, `shape (only [${dims?.join(', ') ?? '…'}] is)`);
	}

	/** Number of axes of a value. @throws StudioError `unsupported` when it is not known */
	rank(name: string): number {
		const { dims } = this.fact(name);
		if (dims) return dims.length;
		throw unknown(name, 'rank');
	}

	/** Contents of a small constant or folded value; undefined when unknown. */
	value(name: string): readonly number[] | undefined {
		const { value } = this.fact(name);
		return isStatic(value) ? value : undefined;
	}

	/** Declares a new graph input. */
	input(name: string, type: ElementType, dims: ValueInfo['dims']): ValueInfo {
		const info: ValueInfo = { name, type, ...(dims ? { dims } : {}) };
		this.facts.set(name, info);
		return info;
	}

	/** Name, type and shape of a value as far as known. */
	info(name: string): ValueInfo {
		const { type, dims } = this.fact(name);
		return { name, ...(type ? { type } : {}), ...(dims ? { dims } : {}) };
	}

	/** The graph as built; inputs and outputs as given or as they were. */
	finish(changes: { inputs?: readonly ValueInfo[]; outputs?: readonly ValueInfo[] } = {}): Graph {
		return { ...this.graph, nodes: this.nodes, initializers: this.initializers, ...changes };
	}
}

function unknown(name: string, what: string): StudioError {
	return new StudioError(
		'unsupported',
		`The ${what} of "${name}" is not known before running.`,
		'Give the sizes of the inputs (specialise) or use a model without data-dependent shapes.'
	);
}
