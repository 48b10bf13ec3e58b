import type { AttributeProto, FunctionProto, ModelProto, TypeProto } from './onnx_pb.js';
import type { ElementType } from './element-type.ts';

/** A known size or the name of a symbolic one; `''` is a size the model does not name. */
export type Dim = number | string;

/** The bytes of a constant: in memory, in another file, or (strings only) a list. */
export type ConstantData =
	| { readonly kind: 'raw'; readonly bytes: Uint8Array }
	| {
			readonly kind: 'external';
			readonly location: string;
			readonly offset: number;
			/** Absent when the file says so by its size alone. */
			readonly length?: number;
	  }
	| { readonly kind: 'strings'; readonly values: readonly Uint8Array[] };

/** A constant tensor, row-major, little-endian. */
export interface Constant {
	readonly type: ElementType;
	readonly dims: readonly number[];
	readonly data: ConstantData;
}

/** An attribute of a node. `opaque` ones (sub-graphs, sparse tensors, types) are kept untouched. */
export type Attribute =
	| { readonly kind: 'int'; readonly value: number }
	| { readonly kind: 'float'; readonly value: number }
	| { readonly kind: 'string'; readonly value: string }
	| { readonly kind: 'ints'; readonly value: readonly number[] }
	| { readonly kind: 'floats'; readonly value: readonly number[] }
	| { readonly kind: 'strings'; readonly value: readonly string[] }
	| { readonly kind: 'tensor'; readonly value: Constant }
	| { readonly kind: 'opaque'; readonly value: AttributeProto };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator application. An empty string among inputs or outputs is an omitted optional one. */
export interface Node {
	readonly op: string;
	/** `''` is ai.onnx; others such as `com.microsoft` as written. */
	readonly domain: string;
	readonly name: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: Attributes;
}

/** Name, element type and shape of a value, as far as known. */
export interface ValueInfo {
	readonly name: string;
	/** Absent for sequences, maps and optionals, whose type is in `opaque`. */
	readonly type?: ElementType;
	/** Absent when not even the rank is known. */
	readonly dims?: readonly Dim[];
	readonly opaque?: TypeProto;
}

/**
 * An ONNX model in memory. Passes are functions from graph to graph and never change one in place.
 */
export interface Graph {
	readonly name: string;
	readonly nodes: readonly Node[];
	readonly inputs: readonly ValueInfo[];
	readonly outputs: readonly ValueInfo[];
	readonly initializers: ReadonlyMap<string, Constant>;
	/** What the file or inference knows about inner values. */
	readonly values: ReadonlyMap<string, ValueInfo>;
	/** Operator set version by domain; `''` is ai.onnx. */
	readonly opsets: ReadonlyMap<string, number>;
	readonly functions: readonly FunctionProto[];
	/** Everything else of the file (producer, metadata, …), kept for the way back. */
	readonly header: ModelProto;
}

/** The operator with its domain where that is not ai.onnx: `MatMul`, `com.microsoft.QuickGelu`. */
export function qualifiedName(node: { readonly op: string; readonly domain: string }): string {
	return node.domain === '' ? node.op : `${node.domain}.${node.op}`;
}

/** How errors speak of a node: its operator, name and first output. */
export function describeNode(node: Node): string {
	const name = node.name === '' ? `making "${node.outputs[0] ?? ''}"` : `"${node.name}"`;
	return `${qualifiedName(node)} node ${name}`;
}
