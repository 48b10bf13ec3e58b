import { StudioError } from '../../core/errors.ts';
import { constantFrom } from '../constant.ts';
import type { Constant, Graph, Node, ValueInfo } from '../graph.ts';
import { newNode } from '../new-graph.ts';
import { sortNodes } from '../topology.ts';
import { loraTargets } from './lora-targets.ts';
import type { LoraModule } from './lora-targets.ts';

export interface AdapterSpec {
	/** Tells several adapters apart; part of the input names. */
	readonly name: string;
	readonly rank: number;
	/** The product of the factors is scaled by alpha / rank. */
	readonly alpha: number;
	/** Which modules to adapt, by PEFT module name; all by default. */
	readonly target?: (module: string) => boolean;
}

export interface LoraFactors extends LoraModule {
	readonly adapter: string;
	/** Graph input [rank, inFeatures]; PEFT's `lora_A.weight`. */
	readonly a: string;
	/** Graph input [outFeatures, rank]; PEFT's `lora_B.weight`. */
	readonly b: string;
}

export interface Adapted {
	readonly graph: Graph;
	readonly factors: readonly LoraFactors[];
	/** Scalar input by adapter: 0 is the plain model, 1 the adapter as trained. */
	readonly strengths: Readonly<Record<string, string>>;
}

/**
 * Adds LoRA branches (Hu et al. 2021): y = W·x + strength · alpha/rank · B·(A·x), whose factors and
 * strengths are graph inputs, so that adapters are swapped without a new session and several add up.
 * Works on float and quantised matrices alike, and on graphs with symbolic sizes.
 * @throws StudioError `bad-input` when an adapter matches no module of the model
 */
export function adapt(graph: Graph, adapters: readonly AdapterSpec[]): Adapted {
	const targets = loraTargets(graph);
	const factors: LoraFactors[] = [];
	const inputs: ValueInfo[] = [];
	const constants = new Map<string, Constant>();
	const strengths: Record<string, string> = {};
	const branches = new Map<string, Node[]>();
	for (const adapter of adapters) {
		const strength = `lora.${adapter.name}.strength`;
		strengths[adapter.name] = strength;
		inputs.push({ name: strength, type: 'float32', dims: [] });
		constants.set(
			`${strength}/scaling`,
			constantFrom('float32', [], [adapter.alpha / adapter.rank])
		);
		let matched = 0;
		for (const target of targets) {
			const chosen = target.modules.filter(({ name }) => adapter.target?.(name) ?? true);
			if (chosen.length === 0) continue;
			matched += chosen.length;
			const made = target.modules.map((module) =>
				chosen.includes(module) ? factorsOf(adapter, module) : undefined
			);
			const present = made.filter((entry) => entry !== undefined);
			factors.push(...present);
			inputs.push(...present.flatMap((entry) => factorInputs(entry, adapter.rank)));
			const before = branches.get(target.output) ?? [];
			branches.set(target.output, [...before, ...branch(target, adapter, made, constants)]);
		}
		if (matched === 0)
			throw noTarget(
				adapter,
				targets.flatMap(({ modules }) => modules)
			);
	}
	const nodes = sortNodes(graph).flatMap((node) => withBranches(node, branches, adapters));
	return {
		graph: {
			...graph,
			nodes: [...strengthNodes(adapters), ...nodes],
			inputs: [...graph.inputs, ...inputs],
			initializers: new Map([...graph.initializers, ...constants])
		},
		factors,
		strengths
	};
}

function factorsOf(adapter: AdapterSpec, module: LoraModule): LoraFactors {
	const stem = `lora.${adapter.name}.${module.name}`;
	return {
		...module,
		adapter: adapter.name,
		a: `${stem}.lora_A.weight`,
		b: `${stem}.lora_B.weight`
	};
}

function factorInputs({ a, b, inFeatures, outFeatures }: LoraFactors, rank: number): ValueInfo[] {
	return [
		{ name: a, type: 'float32', dims: [rank, inFeatures] },
		{ name: b, type: 'float32', dims: [outFeatures, rank] }
	];
}

/** strength · alpha/rank, once for each adapter. */
function strengthNodes(adapters: readonly AdapterSpec[]): Node[] {
	return adapters.map(({ name }) => {
		const strength = `lora.${name}.strength`;
		return newNode('Mul', [strength, `${strength}/scaling`], [`${strength}/scaled`]);
	});
}

/** The branch of one adapter beside one product; packed parts without factors add zero. */
function branch(
	target: {
		readonly input: string;
		readonly output: string;
		readonly modules: readonly LoraModule[];
	},
	adapter: AdapterSpec,
	factors: readonly (LoraFactors | undefined)[],
	constants: Map<string, Constant>
): Node[] {
	const stem = `${target.output}/${adapter.name}`;
	const nodes: Node[] = [];
	const parts = target.modules.map((module, i) => {
		const part = `${stem}/part_${i}`;
		const entry = factors[i];
		const [a, b] = [`${part}/A`, `${part}/B`];
		if (!entry) {
			// A product with zeros has the right shape whatever the sizes of the input are.
			const zeros = new Array<number>(module.inFeatures * module.outFeatures).fill(0);
			constants.set(b, constantFrom('float32', [module.inFeatures, module.outFeatures], zeros));
			nodes.push(newNode('MatMul', [target.input, b], [part]));
			return part;
		}
		nodes.push(
			newNode('Transpose', [entry.a], [a], { perm: [1, 0] }),
			newNode('MatMul', [target.input, a], [`${part}/low`]),
			newNode('Transpose', [entry.b], [b], { perm: [1, 0] }),
			newNode('MatMul', [`${part}/low`, b], [part])
		);
		return part;
	});
	const whole = parts.length === 1 ? (parts[0] ?? '') : `${stem}/parts`;
	if (parts.length > 1) nodes.push(newNode('Concat', parts, [whole], { axis: -1 }));
	nodes.push(newNode('Mul', [whole, `lora.${adapter.name}.strength/scaled`], [`${stem}/delta`]));
	return nodes;
}

/** The node with its product renamed, its branches, and the sum under the old name. */
function withBranches(
	node: Node,
	branches: ReadonlyMap<string, readonly Node[]>,
	adapters: readonly AdapterSpec[]
): Node[] {
	const output = node.outputs[0] ?? '';
	const added = branches.get(output);
	if (!added) return [node];
	const base = `${output}/base`;
	const made = new Set(added.flatMap(({ outputs }) => outputs));
	const deltas = adapters
		.map(({ name }) => `${output}/${name}/delta`)
		.filter((name) => made.has(name));
	const sums = deltas.map((delta, i) =>
		newNode(
			'Add',
			[i === 0 ? base : `${output}/sum_${i - 1}`, delta],
			[i === deltas.length - 1 ? output : `${output}/sum_${i}`]
		)
	);
	return [{ ...node, outputs: [base, ...node.outputs.slice(1)] }, ...added, ...sums];
}

function noTarget(adapter: AdapterSpec, modules: readonly LoraModule[]): StudioError {
	const names = modules.slice(0, 4).map(({ name }) => name);
	return new StudioError(
		'bad-input',
		`Adapter "${adapter.name}" matches none of the model's ${modules.length} matrices.`,
		modules.length === 0
			? 'The model has no product with a constant matrix.'
			: `Matrices are called ${names.join(', ')}, …`
	);
}
