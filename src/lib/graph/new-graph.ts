import { create } from '@bufbuild/protobuf';
import type { AttributeLike } from './attributes.ts';
import { attributeOf } from './attributes.ts';
import type { Constant, Graph, Node, ValueInfo } from './graph.ts';
import { GraphProtoSchema, ModelProtoSchema } from './onnx_pb.js';

/** The ai.onnx operator set that the compiler's passes speak. */
export const DIALECT = 21;

export interface NewGraph {
	readonly name?: string;
	readonly nodes: readonly Node[];
	readonly inputs: readonly ValueInfo[];
	readonly outputs: readonly ValueInfo[];
	readonly initializers?: Readonly<Record<string, Constant>>;
	readonly opset?: number;
}

/** A graph made from scratch, in operator set {@link DIALECT} unless said otherwise. */
export function newGraph(parts: NewGraph): Graph {
	return {
		name: parts.name ?? 'vitrine',
		nodes: parts.nodes,
		inputs: parts.inputs,
		outputs: parts.outputs,
		initializers: new Map(Object.entries(parts.initializers ?? {})),
		values: new Map(),
		opsets: new Map([
			['', parts.opset ?? DIALECT],
			['com.microsoft', 1]
		]),
		functions: [],
		header: create(ModelProtoSchema, {
			irVersion: 10n,
			producerName: 'vitrine',
			graph: create(GraphProtoSchema)
		})
	};
}

export interface NodeOptions {
	readonly domain?: string;
	readonly name?: string;
}

/** A node written short; see {@link attributeOf} for attributes. */
export function newNode(
	op: string,
	inputs: readonly string[],
	outputs: readonly string[],
	attributes: Readonly<Record<string, AttributeLike>> = {},
	options: NodeOptions = {}
): Node {
	return {
		op,
		domain: options.domain ?? '',
		name: options.name ?? '',
		inputs,
		outputs,
		attributes: Object.fromEntries(
			Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)])
		)
	};
}
