import { create, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { codeOf } from './element-type.ts';
import type { Attribute, Constant, Graph, Node, ValueInfo } from './graph.ts';
import {
	AttributeProtoSchema,
	AttributeProto_AttributeType,
	GraphProtoSchema,
	ModelProtoSchema,
	NodeProtoSchema,
	OperatorSetIdProtoSchema,
	StringStringEntryProtoSchema,
	TensorProtoSchema,
	TensorProto_DataLocation,
	TensorShapeProtoSchema,
	TypeProtoSchema,
	TypeProto_TensorSchema,
	ValueInfoProtoSchema
} from './onnx_pb.js';
import { patchMessage } from './patch-message.ts';
import type {
	AttributeProto,
	NodeProto,
	TensorProto,
	TensorShapeProto_Dimension,
	TypeProto,
	ValueInfoProto
} from './onnx_pb.js';

/** Writes an ONNX file. Weights in memory go into it, external data is only referred to. */
export function encodeGraph(graph: Graph): Uint8Array<ArrayBuffer> {
	const { header } = graph;
	const model = patchMessage(header, {
		opsetImport: [...graph.opsets].map(([domain, version]) =>
			create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) })
		),
		functions: [...graph.functions],
		graph: patchMessage(header.graph ?? create(GraphProtoSchema), {
			name: graph.name,
			node: graph.nodes.map(encodeNode),
			input: graph.inputs.map(encodeValue),
			output: graph.outputs.map(encodeValue),
			valueInfo: [...graph.values.values()].map(encodeValue),
			initializer: [...graph.initializers].map(([name, value]) => encodeConstant(value, name))
		})
	});
	return toBinary(ModelProtoSchema, model);
}

function encodeNode(node: Node): NodeProto {
	return create(NodeProtoSchema, {
		opType: node.op,
		domain: node.domain,
		name: node.name,
		input: [...node.inputs],
		output: [...node.outputs],
		attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value))
	});
}

function encodeAttribute(name: string, attribute: Attribute): AttributeProto {
	const type = AttributeProto_AttributeType;
	const utf8 = new TextEncoder();
	const make = (
		init: Omit<MessageInitShape<typeof AttributeProtoSchema>, '$typeName'>
	): AttributeProto => create(AttributeProtoSchema, { name, ...init });
	switch (attribute.kind) {
		case 'int':
			return make({ type: type.INT, i: int64(attribute.value) });
		case 'float':
			return make({ type: type.FLOAT, f: attribute.value });
		case 'string':
			return make({ type: type.STRING, s: utf8.encode(attribute.value) });
		case 'ints':
			return make({ type: type.INTS, ints: attribute.value.map(int64) });
		case 'floats':
			return make({ type: type.FLOATS, floats: [...attribute.value] });
		case 'strings':
			return make({ type: type.STRINGS, strings: attribute.value.map((v) => utf8.encode(v)) });
		case 'tensor':
			return make({ type: type.TENSOR, t: encodeConstant(attribute.value, '') });
		case 'opaque':
			return attribute.value;
	}
}

/** INT64_MAX, ONNX's "to the end", is not a double: rounding would overflow, so it is clamped. */
function int64(value: number): bigint {
	const integer = BigInt(value);
	const max = 2n ** 63n - 1n;
	return integer > max ? max : integer < -max - 1n ? -max - 1n : integer;
}

function encodeConstant(constant: Constant, name: string): TensorProto {
	const { data } = constant;
	const base = { name, dataType: codeOf(constant.type), dims: constant.dims.map(int64) };
	if (data.kind === 'raw') return create(TensorProtoSchema, { ...base, rawData: data.bytes });
	if (data.kind === 'strings') {
		return create(TensorProtoSchema, { ...base, stringData: [...data.values] });
	}
	const entries: [string, string][] = [
		['location', data.location],
		['offset', String(data.offset)]
	];
	if (data.length !== undefined) entries.push(['length', String(data.length)]);
	return create(TensorProtoSchema, {
		...base,
		dataLocation: TensorProto_DataLocation.EXTERNAL,
		externalData: entries.map(([key, value]) =>
			create(StringStringEntryProtoSchema, { key, value })
		)
	});
}

function encodeValue(value: ValueInfo): ValueInfoProto {
	const type = value.opaque ?? encodeType(value);
	return create(ValueInfoProtoSchema, { name: value.name, ...(type ? { type } : {}) });
}

function encodeType(value: ValueInfo): TypeProto | undefined {
	if (value.type === undefined && value.dims === undefined) return undefined;
	const shape = value.dims && create(TensorShapeProtoSchema, { dim: value.dims.map(encodeDim) });
	return create(TypeProtoSchema, {
		value: {
			case: 'tensorType',
			value: create(TypeProto_TensorSchema, {
				elemType: value.type === undefined ? 0 : codeOf(value.type),
				...(shape ? { shape } : {})
			})
		}
	});
}

function encodeDim(dim: number | string): Pick<TensorShapeProto_Dimension, 'value'> {
	if (dim === '') return { value: { case: undefined } };
	return typeof dim === 'number'
		? { value: { case: 'dimValue', value: BigInt(dim) } }
		: { value: { case: 'dimParam', value: dim } };
}
