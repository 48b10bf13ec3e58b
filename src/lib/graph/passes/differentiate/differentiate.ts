import { StudioError, toStudioError } from '../../../core/errors.ts';
import { GraphBuilder } from '../../builder.ts';
import { isFloat } from '../../element-type.ts';
import { describeNode, qualifiedName } from '../../graph.ts';
import type { Graph, Node, ValueInfo } from '../../graph.ts';
import { producersOf, prune } from '../../topology.ts';
import { fold } from '../fold.ts';
import { modernise } from '../modernise.ts';
import { lower } from '../lower/lower.ts';
import { add, full } from '../emit.ts';
import { GRADIENT } from './gradient.ts';
import type { RuleEntry, RuleTable } from './rule.ts';

export interface DifferentiateOptions {
	/** Values whose cotangents are given. */
	readonly of: readonly string[];
	/** Inputs, initializers or inner values whose gradients are wanted. */
	readonly wrt: readonly string[];
	/** Inner values to treat as given: nothing flows past them. */
	readonly leaves?: readonly string[];
	/** The derivative of each operator; the plain gradient by default. */
	readonly rules?: RuleTable;
	/** Names the model in errors. */
	readonly model?: string;
}

export interface Differentiated {
	/** Inputs: the model's, then cotangents. Outputs: the values of `of`, then gradients. */
	readonly graph: Graph;
	/** Name of the input that takes the cotangent of each value of `of`. */
	readonly cotangents: Readonly<Record<string, string>>;
	/** Name of the output that holds the gradient of each value of `wrt`. */
	readonly gradients: Readonly<Record<string, string>>;
}

/**
 * Reverse-mode differentiation as a graph transform: the result computes the outputs `of` and, for
 * cotangents of them, the gradients of `wrt` (the vector–Jacobian product), in standard operators.
 * @param graph specialised, so that all sizes on the gradient's path are numbers
 * @throws StudioError `unsupported` naming the operator, node and model where no rule applies
 */
export function differentiate(graph: Graph, options: DifferentiateOptions): Differentiated {
	const rules = options.rules ?? GRADIENT;
	const b = new GraphBuilder(prepare(graph, options, rules), 'grad');
	const walk = new Walk(b, rules, options);
	return walk.run();
}

/** Brings a graph to standard operators with known sizes, keeping the values that are asked for. */
function prepare(graph: Graph, { of, wrt }: DifferentiateOptions, rules: RuleTable): Graph {
	const keep = [...of, ...wrt].filter((name) => !graph.outputs.some((o) => o.name === name));
	const inner = new Set(graph.nodes.flatMap((node) => node.outputs));
	const extra = keep.filter((name) => inner.has(name)).map((name): ValueInfo => ({ name }));
	const kept = { ...graph, outputs: [...graph.outputs, ...extra] };
	return fold(lower(fold(modernise(kept)), keptFused(rules)));
}

/** Fused operators with a rule of their own stay; patterns that begin at standard ones do not. */
function keptFused(rules: RuleTable): ReadonlySet<string> {
	const patterns = ['Mul', 'DequantizeLinear'];
	const names = Object.entries(rules).filter(([, { kind }]) => kind === 'rule');
	return new Set(names.map(([name]) => name).filter((name) => !patterns.includes(name)));
}

/** One walk from the outputs back to what is asked for. */
class Walk {
	readonly #b: GraphBuilder;
	readonly #rules: RuleTable;
	readonly #options: DifferentiateOptions;
	readonly #cotangents = new Map<string, string>();
	readonly #depends: ReadonlySet<string>;
	readonly #forward: readonly Node[];
	readonly #producers: ReadonlyMap<string, Node>;

	constructor(b: GraphBuilder, rules: RuleTable, options: DifferentiateOptions) {
		this.#b = b;
		this.#rules = rules;
		this.#options = options;
		this.#forward = [...b.nodes];
		this.#producers = producersOf(b.nodes);
		for (const name of [...options.of, ...options.wrt]) this.#check(name);
		this.#depends = this.#reach(options.wrt);
	}

	run(): Differentiated {
		const b = this.#b;
		const { of, wrt } = this.#options;
		const inputs: ValueInfo[] = [];
		const cotangents: Record<string, string> = {};
		for (const name of of) {
			const seed = `${name}.cotangent`;
			inputs.push(b.input(seed, b.type(name), b.dims(name)));
			cotangents[name] = seed;
			this.#collect(name, seed);
		}
		for (const node of [...this.#forward].reverse()) this.#visit(node);
		const gradients: Record<string, string> = {};
		for (const name of wrt) {
			const output = `${name}.gradient`;
			const gradient = this.#cotangents.get(name) ?? full(b, b.dims(name), 0, name);
			b.emit('Identity', [gradient], {}, { outputs: [output] });
			gradients[name] = output;
		}
		const outputs = [...new Set(of)].map((name) => b.info(name));
		const wanted = Object.values(gradients).map((name) => b.info(name));
		const graph = prune(
			b.finish({ inputs: [...b.graph.inputs, ...inputs], outputs: [...outputs, ...wanted] })
		);
		return { graph, cotangents, gradients };
	}

	/** A value that is asked for must exist and be of a float type. */
	#check(name: string): void {
		const { type } = this.#b.fact(name);
		if (isFloat(type)) return;
		throw new StudioError(
			'bad-input',
			type
				? `"${name}" is of type ${type}; only floating-point values have gradients.`
				: `The model${this.#where()} has no value named "${name}".`,
			'`inspect` lists the values of the model.'
		);
	}

	/** Values that depend differentiably on what is asked for. */
	#reach(roots: readonly string[]): Set<string> {
		const reached = new Set(roots);
		for (const node of this.#forward) {
			if (!node.inputs.some((name) => reached.has(name))) continue;
			if (this.#entry(node)?.kind === 'zero') continue;
			for (const name of node.outputs) {
				const { type } = this.#b.fact(name);
				if (name !== '' && (type === undefined || isFloat(type))) reached.add(name);
			}
		}
		return reached;
	}

	#entry(node: Node): RuleEntry | undefined {
		const name = qualifiedName(node);
		return Object.hasOwn(this.#rules, name) ? this.#rules[name as keyof RuleTable] : undefined;
	}

	#visit(node: Node): void {
		const dy = node.outputs.map((name) => this.#cotangents.get(name));
		if (dy.every((name) => name === undefined)) return;
		if (node.outputs.some((name) => this.#options.leaves?.includes(name))) return;
		const wants = (index: number): boolean => this.#depends.has(node.inputs[index] ?? '');
		if (!node.inputs.some((_, index) => wants(index))) return;
		const entry = this.#entry(node);
		if (entry?.kind === 'zero') return;
		if (entry?.kind !== 'rule') throw this.#unsupported(node, entry);
		let gradients: readonly (string | undefined)[];
		try {
			gradients = entry.rule({
				b: this.#b,
				node,
				dy,
				wants,
				depends: (name) => this.#depends.has(name),
				producer: (name) => this.#producers.get(name)
			});
		} catch (error) {
			throw this.#failed(node, error);
		}
		gradients.forEach((gradient, index) => {
			if (gradient !== undefined && wants(index)) this.#collect(node.inputs[index] ?? '', gradient);
		});
	}

	#collect(name: string, gradient: string): void {
		const before = this.#cotangents.get(name);
		this.#cotangents.set(name, before === undefined ? gradient : add(this.#b, before, gradient));
	}

	#where(): string {
		return this.#options.model === undefined ? '' : ` "${this.#options.model}"`;
	}

	#unsupported(node: Node, entry: RuleEntry | undefined): StudioError {
		const why = entry?.kind === 'refused' ? entry.why : 'no rule is known for it';
		return new StudioError(
			'unsupported',
			`The gradient of model${this.#where()} passes ${describeNode(node)}, which cannot be differentiated: ${why}.`,
			'`inspect` lists such operators beforehand; ask for gradients that do not pass this node.'
		);
	}

	#failed(node: Node, error: unknown): StudioError {
		const { message, code, hint } = toStudioError(error);
		return new StudioError(
			code === 'internal' ? 'unsupported' : code,
			`The gradient of model${this.#where()} failed at ${describeNode(node)}: ${message}`,
			code === 'internal' ? '`inspect` lists what can be differentiated.' : hint,
			{ cause: error }
		);
	}
}
