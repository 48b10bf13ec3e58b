import { numbersOf } from '../constant.ts';
import { sizeOf } from '../../core/tensor.ts';
import { ARITHMETIC } from '../evaluate/arithmetic.ts';
import { MOVEMENT, RESHAPING } from '../evaluate/movement.ts';
import type { SmallTensor } from '../evaluate/small-tensor.ts';
import { qualifiedName } from '../graph.ts';
import type { Constant, Dim, Graph, Node, ValueInfo } from '../graph.ts';
import { ATTENTION } from './attention.ts';
import { CONVOLUTION } from './convolution.ts';
import { ELEMENTWISE } from './elementwise.ts';
import type { Fact, InferRule } from './fact.ts';
import { UNKNOWN, isStatic } from './fact.ts';
import { MATRIX } from './matrix.ts';
import { NORMALISATION } from './normalisation.ts';
import { REDUCTION } from './reduction.ts';
import { MAX_CONTENTS, SHAPING } from './shaping.ts';

const RULES: Readonly<Record<string, InferRule>> = {
	...ELEMENTWISE,
	...SHAPING,
	...REDUCTION,
	...MATRIX,
	...CONVOLUTION,
	...NORMALISATION,
	...ATTENTION
};

/** Whether the shapes of an operator's outputs can be inferred. */
export function canInfer(node: Node): boolean {
	return Object.hasOwn(RULES, qualifiedName(node));
}

/** What is known of a constant: type, shape, and contents while it is small. */
export function factOfConstant(constant: Constant): Fact {
	const { type, dims } = constant;
	const value = sizeOf(dims) <= MAX_CONTENTS ? numbersOf(constant) : undefined;
	return value ? { type, dims, value } : { type, dims };
}

/**
 * Type, shape and small contents of every value of a graph whose nodes are in topological order.
 * Where a rule is missing or cannot tell, what the file says about the value stands.
 * @throws StudioError `bad-model` naming the node where shapes do not fit
 */
export function inferFacts(graph: Graph): Map<string, Fact> {
	const facts = new Map<string, Fact>();
	for (const input of graph.inputs) facts.set(input.name, input);
	for (const [name, constant] of graph.initializers) facts.set(name, factOfConstant(constant));
	const declared = new Map(graph.outputs.map((output) => [output.name, output]));
	for (const node of graph.nodes) {
		const outputs = inferNode(node, facts, graph.opsets.get('') ?? 0);
		node.outputs.forEach((name, index) => {
			if (name === '') return;
			facts.set(
				name,
				merge(outputs[index] ?? UNKNOWN, graph.values.get(name) ?? declared.get(name))
			);
		});
	}
	return facts;
}

/** Facts of one node's outputs from its inputs'. */
export function inferNode(
	node: Node,
	facts: ReadonlyMap<string, Fact>,
	opset: number
): readonly Fact[] {
	const name = qualifiedName(node);
	const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
	if (!rule) return [];
	const inputs = node.inputs.map((input) => facts.get(input) ?? UNKNOWN);
	const outputs = rule({ node, inputs, opset });
	const contents = evaluateNode(node, inputs, outputs);
	if (!contents) return outputs;
	return outputs.map((fact, index) => ({ ...fact, ...contents[index] }));
}

function evaluateNode(
	node: Node,
	inputs: readonly Fact[],
	outputs: readonly Fact[]
): readonly (Fact | undefined)[] | undefined {
	if (node.domain !== '') return undefined;
	const size = outputs[0]?.dims;
	if (isStatic(size) && sizeOf(size) > MAX_CONTENTS) return undefined;
	if (RESHAPING.has(node.op)) {
		const value = inputs[0]?.value;
		return value && isStatic(size) ? [{ ...outputs[0], value }] : undefined;
	}
	const table = Object.hasOwn(ARITHMETIC, node.op) ? ARITHMETIC : MOVEMENT;
	const evaluate = Object.hasOwn(table, node.op) ? table[node.op] : undefined;
	// A part that is present but unknown leaves the result unknown; an omitted one is a default.
	const small = inputs.map((fact, i) => (node.inputs[i] === '' ? undefined : smallTensor(fact)));
	if (small.some((tensor, i) => !tensor && node.inputs[i] !== '')) return undefined;
	return evaluate?.(node, small);
}

function smallTensor({ type, dims, value }: Fact): SmallTensor | undefined {
	return type && isStatic(dims) && value ? { type, dims, value } : undefined;
}

/** What inference found, with gaps filled from the file. */
function merge(fact: Fact, declared: ValueInfo | undefined): Fact {
	if (!declared) return fact;
	const dims = fact.dims
		? fact.dims.map((dim, axis): Dim => (dim === '' ? (declared.dims?.[axis] ?? '') : dim))
		: declared.dims;
	return { type: fact.type ?? declared.type, dims, ...(fact.value ? { value: fact.value } : {}) };
}
