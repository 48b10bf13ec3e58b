import { intOf, intsOf } from '../attributes.ts';
import { numbersOf } from '../constant.ts';
import { qualifiedName } from '../graph.ts';
import type { Graph, Node } from '../graph.ts';
import { producersOf } from '../topology.ts';
import { integerProduct } from './lower/quantised.ts';

/** One matrix of a model as PEFT knows it; packed projections hold several. */
export interface LoraModule {
	/** Module path, e.g. `model.layers.0.self_attn.q_proj`. */
	readonly name: string;
	readonly inFeatures: number;
	readonly outFeatures: number;
}

/** A product with a constant matrix that adapters can be added to. */
export interface LoraTarget {
	/** The value that is multiplied, [.., inFeatures]. */
	readonly input: string;
	/** The product, [.., sum of outFeatures]. */
	readonly output: string;
	/** Name of the weight initializer. */
	readonly weight: string;
	/** In the order of their columns in the product. */
	readonly modules: readonly LoraModule[];
}

/**
 * Every product with a constant matrix: MatMul, Gemm, MatMulNBits and the int8 pattern
 * DynamicQuantizeLinear → MatMulInteger → Cast → Mul. Packed Q, K, V and gate, up projections are
 * split by what reads them, so that adapters carry the names that PEFT gives them.
 */
export function loraTargets(graph: Graph): LoraTarget[] {
	const producers = producersOf(graph.nodes);
	const readers = new Map<string, Node[]>();
	for (const node of graph.nodes) {
		for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
	}
	return graph.nodes.flatMap((node) => {
		const found = productOf(graph, node, producers.get.bind(producers));
		if (!found) return [];
		const { input, output, weight, inFeatures, outFeatures } = found;
		const parts = partsOf(graph, output, outFeatures, readers);
		const names = moduleNames(weight, node.name, parts.length);
		const modules = parts.map((size, i) => ({
			name: names[i] ?? `${weight}.${i}`,
			inFeatures,
			outFeatures: size
		}));
		return [{ input, output, weight, modules }];
	});
}

interface Product {
	readonly input: string;
	readonly output: string;
	readonly weight: string;
	readonly inFeatures: number;
	readonly outFeatures: number;
}

function productOf(
	graph: Graph,
	node: Node,
	producer: (name: string) => Node | undefined
): Product | undefined {
	const output = node.outputs[0] ?? '';
	const [input = '', weight = ''] = node.inputs;
	switch (qualifiedName(node)) {
		case 'MatMul':
		case 'Gemm': {
			const dims = graph.initializers.get(weight)?.dims;
			if (dims?.length !== 2 || intOf(node, 'transA', 0) === 1) return undefined;
			const [rows = 0, columns = 0] = intOf(node, 'transB', 0) === 1 ? [...dims].reverse() : dims;
			return { input, output, weight, inFeatures: rows, outFeatures: columns };
		}
		case 'com.microsoft.MatMulNBits':
			return {
				input,
				output,
				weight,
				inFeatures: intOf(node, 'K', 0),
				outFeatures: intOf(node, 'N', 0)
			};
		case 'Mul': {
			const found = integerProduct(node, producer);
			const [quantised = '', matrix = ''] = found?.product.inputs ?? [];
			const source = producer(quantised);
			const dims = graph.initializers.get(matrix)?.dims;
			if (source?.op !== 'DynamicQuantizeLinear' || dims?.length !== 2) return undefined;
			const [inFeatures = 0, outFeatures = 0] = dims;
			return { input: source.inputs[0] ?? '', output, weight: matrix, inFeatures, outFeatures };
		}
		default:
			return undefined;
	}
}

/** Sizes of the parts that a packed product is read in; one part when it is not packed. */
function partsOf(
	graph: Graph,
	output: string,
	size: number,
	readers: ReadonlyMap<string, readonly Node[]>
): readonly number[] {
	for (const reader of readers.get(output) ?? []) {
		if (reader.op === 'GroupQueryAttention' && (reader.inputs[1] ?? '') === '') {
			const [heads, kv] = [intOf(reader, 'num_heads', 1), intOf(reader, 'kv_num_heads', 1)];
			const width = size / (heads + 2 * kv);
			return [heads * width, kv * width, kv * width];
		}
		if (reader.op === 'Split' && reader.outputs.length === 2) {
			const given = graph.initializers.get(reader.inputs[1] ?? '');
			return intsOf(reader, 'split') ?? (given && numbersOf(given)) ?? [size / 2, size / 2];
		}
	}
	return [size];
}

/** What the projections of a block are called in exports, and in PEFT (Llama's names). */
const KINDS: readonly (readonly [pattern: RegExp, names: readonly string[]])[] = [
	[/qkv/, ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj']],
	[/gate_up/, ['mlp.gate_proj', 'mlp.up_proj']],
	[/q_proj/, ['self_attn.q_proj']],
	[/k_proj/, ['self_attn.k_proj']],
	[/v_proj/, ['self_attn.v_proj']],
	[/o_proj|\.out\b|\bout\b/, ['self_attn.o_proj']],
	[/gate_proj/, ['mlp.gate_proj']],
	[/up_proj/, ['mlp.up_proj']],
	[/down/, ['mlp.down_proj']]
];

function moduleNames(weight: string, node: string, count: number): string[] {
	// Exporters rename constants that they fold (onnx::MatMul_123); then only the node tells.
	const source =
		/^(onnx::|val_|_v_|const)/.test(weight) && !/layers?\./.test(weight) ? node : weight;
	const plain = source
		.replaceAll('/', '.')
		.replace(/^\.|^onnx::MatMul_/g, '')
		.replace(/(_quantized|_q\d*|_Q\d+)$/, '')
		.replace(/\.(weight|MatMul|MatMulNBits|Gemm)(?=\.|$)/g, '');
	const layer = /layers?\.(\d+)/.exec(plain)?.[1];
	const kind = KINDS.find(([pattern]) => pattern.test(plain))?.[1];
	if (layer !== undefined && kind?.length === count) {
		return kind.map((name) => `model.layers.${layer}.${name}`);
	}
	return count === 1 ? [plain] : Array.from({ length: count }, (_, i) => `${plain}.${i}`);
}
