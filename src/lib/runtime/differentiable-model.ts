import { StudioError } from '../core/errors.ts';
import type { DifferentiableModel, Model, RunOptions, TensorSpec } from '../core/model.ts';
import type { CpuTensor, Feeds } from '../core/tensor.ts';
import { constantOf, isDataType } from '../graph/constant.ts';
import { decodeGraph } from '../graph/decode.ts';
import { encodeGraph } from '../graph/encode.ts';
import type { Constant, Graph, ValueInfo } from '../graph/graph.ts';
import { cut } from '../graph/passes/cut.ts';
import { differentiate } from '../graph/passes/differentiate/differentiate.ts';
import type { Differentiated } from '../graph/passes/differentiate/differentiate.ts';
import { RULE_TABLES } from '../graph/passes/differentiate/rule-tables.ts';
import type { RuleTableName } from '../graph/passes/differentiate/rule-tables.ts';
import { expose } from '../graph/passes/expose.ts';
import { fixInputs, specialiseTo } from '../graph/passes/specialise.ts';
import type { ModelFiles } from './backend.ts';

/** Makes a session; `EngineModel.create` of a backend in the studio, a fake in tests. */
export type CreateModel = (files: ModelFiles) => Promise<Model>;

interface Derived {
	readonly model: Model;
	readonly result?: Differentiated;
}

/** Sessions kept: each holds the weights again until weights are shared between sessions. */
const MOST_SESSIONS = 3;

/**
 * Any ONNX model with derivatives: a gradient is a derived graph, specialised to the shapes of its
 * feeds, whose session is kept for the next call of the same kind. Inner values may be fed (the graph
 * is cut there), asked for as outputs, and differentiated by.
 */
export class GraphModel implements DifferentiableModel {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	readonly graph: Graph;
	readonly #files: ModelFiles;
	readonly #create: CreateModel;
	readonly #sessions = new Map<string, Promise<Derived>>();

	/** @throws StudioError `bad-model` when the graph cannot be read */
	constructor(files: ModelFiles, create: CreateModel) {
		this.#files = files;
		this.#create = create;
		this.graph = decodeGraph(files.graph);
		this.inputs = this.graph.inputs.map(specOf);
		this.outputs = this.graph.outputs.map(specOf);
	}

	/** @param want outputs or inner values by name; the model's outputs when absent */
	async run(feeds: Feeds, want?: readonly string[], options?: RunOptions): Promise<Feeds> {
		const names = want ?? this.outputs.map(({ name }) => name);
		const key = JSON.stringify(['run', this.#fedInside(feeds), names]);
		const { model } = await this.#session(key, () => ({ graph: expose(this.#cut(feeds), names) }));
		return model.run(ofModel(model, feeds), names, options);
	}

	/**
	 * {@inheritDoc DifferentiableModel.vjp}
	 * @param rules which derivative each operator takes; the plain gradient by default
	 * @throws StudioError `unsupported` naming operator, node and model where no rule applies
	 */
	async vjp(
		feeds: Feeds,
		cotangents: Feeds,
		wrt: readonly string[],
		rules: RuleTableName = 'gradient',
		options?: RunOptions
	): Promise<Feeds> {
		const { gradients } = await this.valueAndGradient(feeds, cotangents, wrt, rules, options);
		return gradients;
	}

	/** Like {@link vjp}, with the values of the outputs that cotangents are given for. */
	async valueAndGradient(
		feeds: Feeds,
		cotangents: Feeds,
		wrt: readonly string[],
		rules: RuleTableName = 'gradient',
		options?: RunOptions
	): Promise<{ outputs: Feeds; gradients: Feeds }> {
		const of = Object.keys(cotangents);
		const shapes = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, t.dims]));
		const counts = countsIn(feeds);
		const values = Object.entries(counts).map(([name, { data }]) => [name, String(data[0])]);
		const key = JSON.stringify(['vjp', shapes, values, this.#fedInside(feeds), of, wrt, rules]);
		const derived = await this.#session(key, () => {
			const fixed = Object.entries(counts).map(([name, tensor]) => [name, constantOf(tensor)]);
			const whole = fixInputs(
				this.#cut(feeds),
				Object.fromEntries(fixed) as Record<string, Constant>
			);
			const graph = specialiseTo(whole, shapes);
			const model = this.#files.name;
			return differentiate(graph, { of, wrt, rules: RULE_TABLES[rules], model });
		});
		const { model, result } = derived;
		if (!result) throw new Error('a gradient session without a gradient graph');
		const seeds = Object.fromEntries(
			of.map((name) => [result.cotangents[name] ?? '', cotangents[name]])
		) as Feeds;
		const outputs = await model.run(ofModel(model, { ...feeds, ...seeds }), undefined, options);
		const pick = (names: readonly (readonly [string, string])[]): Feeds =>
			Object.fromEntries(names.map(([name, from]) => [name, outputs[from]])) as Feeds;
		return {
			outputs: pick(of.map((name) => [name, name])),
			gradients: pick(Object.entries(result.gradients))
		};
	}

	async dispose(): Promise<void> {
		const sessions = [...this.#sessions.values()];
		this.#sessions.clear();
		for (const session of sessions) await (await session).model.dispose();
	}

	#fedInside(feeds: Feeds): string[] {
		const inputs = new Set(this.graph.inputs.map(({ name }) => name));
		return Object.keys(feeds).filter((name) => !inputs.has(name));
	}

	#cut(feeds: Feeds): Graph {
		const inside = this.#fedInside(feeds);
		return inside.length === 0 ? this.graph : cut(this.graph, inside);
	}

	/** The session of a key, least recently used ones disposed. */
	async #session(
		key: string,
		derive: () => { graph: Graph } & Partial<Differentiated>
	): Promise<Derived> {
		const known = this.#sessions.get(key);
		this.#sessions.delete(key);
		const session = known ?? this.#build(derive);
		this.#sessions.set(key, session);
		session.catch(() => this.#sessions.delete(key));
		for (const [oldest, old] of this.#sessions) {
			if (this.#sessions.size <= MOST_SESSIONS) break;
			this.#sessions.delete(oldest);
			void old.then(({ model }) => model.dispose());
		}
		return session;
	}

	async #build(derive: () => { graph: Graph } & Partial<Differentiated>): Promise<Derived> {
		const { graph, cotangents, gradients } = derive();
		const { name, externalData } = this.#files;
		const read = new Set(
			[...graph.initializers.values()].flatMap(({ data }) =>
				data.kind === 'external' ? [data.location.replace(/^(\.\/)+/, '')] : []
			)
		);
		const model = await this.#create({
			name,
			graph: encodeGraph(graph),
			externalData: externalData.filter(({ path }) => read.has(path.replace(/^(\.\/)+/, '')))
		});
		return cotangents && gradients
			? { model, result: { graph, cotangents, gradients } }
			: { model };
	}
}

/** Integer scalars among the feeds: counts that decide about shapes, so part of the derived graph. */
function countsIn(feeds: Feeds): Record<string, CpuTensor> {
	const counts: Record<string, CpuTensor> = {};
	for (const [name, feed] of Object.entries(feeds)) {
		if (feed.location === 'cpu' && feed.dims.length === 0 && /^u?int/.test(feed.type)) {
			counts[name] = feed;
		}
	}
	return counts;
}

/** The feeds that a derived graph still reads. */
function ofModel(model: Model, feeds: Feeds): Feeds {
	return Object.fromEntries(
		model.inputs.flatMap(({ name }) => {
			const feed = feeds[name];
			return feed ? [[name, feed]] : [];
		})
	);
}

function specOf({ name, type, dims }: ValueInfo): TensorSpec {
	if (type && isDataType(type)) return { name, type, dims: dims ?? [] };
	throw new StudioError(
		'unsupported',
		`"${name}" is of type ${type ?? 'sequence or map'}; only tensors of numbers are supported.`,
		'Export the model with tensors as inputs and outputs.'
	);
}
