import { fromBinary } from '@bufbuild/protobuf';
import { StudioError } from '../core/errors.ts';
import { decodeConstant } from './decode-constant.ts';
import { elementTypeOf } from './element-type.ts';
import type { Attribute, Constant, Dim, Graph, Node, ValueInfo } from './graph.ts';
import { patchMessage } from './patch-message.ts';
import { AttributeProto_AttributeType, ModelProtoSchema } from './onnx_pb.js';
import type {
	AttributeProto,
	GraphProto,
	ModelProto,
	NodeProto,
	ValueInfoProto
} from './onnx_pb.js';

/**
 * Reads an ONNX file. Weights are views on `bytes`, not copies; external data is only referred to.
 * @throws StudioError `bad-model` for truncated, damaged or non-ONNX bytes
 */
export function decodeGraph(bytes: Uint8Array): Graph {
	const model = parse(bytes);
	const proto = model.graph;
	if (!proto || (proto.output.length === 0 && proto.node.length === 0)) {
		throw damaged('it holds no graph');
	}
	const graph: Graph = {
		name: proto.name,
		nodes: proto.node.map(decodeNode),
		inputs: proto.input.map(decodeValue),
		outputs: proto.output.map(decodeValue),
		initializers: decodeInitializers(proto),
		values: new Map(proto.valueInfo.map((value) => [value.name, decodeValue(value)])),
		opsets: new Map(
			model.opsetImport.map((set) => [canonicalDomain(set.domain), Number(set.version)])
		),
		functions: model.functions,
		header: withoutGraph(model, proto)
	};
	return graph;
}

function parse(bytes: Uint8Array): ModelProto {
	try {
		return fromBinary(ModelProtoSchema, bytes);
	} catch (cause) {
		throw damaged(cause instanceof Error ? cause.message : String(cause), cause);
	}
}

function damaged(why: string, cause?: unknown): StudioError {
	return new StudioError(
		'bad-model',
		`Expected an ONNX model, but the file cannot be read: ${why}.`,
		'Download or export the model again; it may have been cut short.',
		{ cause }
	);
}

/** The model message with its bulk (nodes, tensors) taken out, so that nothing else is lost. */
function withoutGraph(model: ModelProto, proto: GraphProto): ModelProto {
	const emptied = { node: [], initializer: [], input: [], output: [], valueInfo: [] };
	return patchMessage(model, {
		opsetImport: [],
		functions: [],
		graph: patchMessage(proto, emptied)
	});
}

function decodeInitializers(proto: GraphProto): Map<string, Constant> {
	const initializers = new Map<string, Constant>();
	for (const tensor of proto.initializer) {
		initializers.set(tensor.name, decodeConstant(tensor, `initializer "${tensor.name}"`));
	}
	return initializers;
}

function canonicalDomain(domain: string): string {
	return domain === 'ai.onnx' ? '' : domain;
}

/** Reads one node; also used for the bodies of functions. */
export function decodeNode(proto: NodeProto): Node {
	const attributes: Record<string, Attribute> = {};
	for (const attribute of proto.attribute) {
		attributes[attribute.name] = decodeAttribute(attribute, proto);
	}
	return {
		op: proto.opType,
		domain: canonicalDomain(proto.domain),
		name: proto.name,
		inputs: proto.input,
		outputs: proto.output,
		attributes
	};
}

function decodeAttribute(proto: AttributeProto, node: NodeProto): Attribute {
	const type = AttributeProto_AttributeType;
	// A reference to a function's parameter has no value of its own.
	if (proto.refAttrName !== '') return { kind: 'opaque', value: proto };
	switch (proto.type) {
		case type.INT:
			return { kind: 'int', value: Number(proto.i) };
		case type.FLOAT:
			return { kind: 'float', value: proto.f };
		case type.STRING:
			return decodeStrings([proto.s], ([value = '']) => ({ kind: 'string', value }), proto);
		case type.INTS:
			return { kind: 'ints', value: proto.ints.map(Number) };
		case type.FLOATS:
			return { kind: 'floats', value: proto.floats };
		case type.STRINGS:
			return decodeStrings(proto.strings, (value) => ({ kind: 'strings', value }), proto);
		case type.TENSOR:
			if (!proto.t) throw damaged(`attribute "${proto.name}" of node "${node.name}" is empty`);
			return {
				kind: 'tensor',
				value: decodeConstant(proto.t, `attribute "${proto.name}" of node "${node.name}"`)
			};
		default:
			return { kind: 'opaque', value: proto };
	}
}

/** Strings are bytes in ONNX; those that are not UTF-8 stay opaque so that nothing is lost. */
function decodeStrings(
	bytes: readonly Uint8Array[],
	make: (values: string[]) => Attribute,
	proto: AttributeProto
): Attribute {
	try {
		const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
		return make(bytes.map((value) => decoder.decode(value)));
	} catch {
		return { kind: 'opaque', value: proto };
	}
}

function decodeValue(proto: ValueInfoProto): ValueInfo {
	const type = proto.type?.value;
	if (type?.case !== 'tensorType') {
		return proto.type ? { name: proto.name, opaque: proto.type } : { name: proto.name };
	}
	const { elemType, shape } = type.value;
	const where = `value "${proto.name}"`;
	const known = elemType === 0 ? {} : { type: elementTypeOf(elemType, where) };
	if (!shape) return { name: proto.name, ...known };
	const dims = shape.dim.map(({ value }): Dim => {
		if (value.case === 'dimParam') return value.value;
		if (value.case !== 'dimValue') return '';
		// Some exporters write -1 for "unknown".
		return value.value < 0n ? '' : Number(value.value);
	});
	return { name: proto.name, ...known, dims };
}
