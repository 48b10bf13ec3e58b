import { StudioError } from '../core/errors.ts';
import { sizeOf } from '../core/tensor.ts';
import type { ElementType } from './element-type.ts';
import { elementTypeOf, rawByteLength } from './element-type.ts';
import type { Constant, ConstantData } from './graph.ts';
import { TensorProto_DataLocation } from './onnx_pb.js';
import type { TensorProto } from './onnx_pb.js';

/**
 * Reads a tensor of a model file. Raw bytes stay views; the typed fields (`float_data`, …) become
 * little-endian bytes, so that the rest of the compiler sees one form.
 * @param where how errors name the tensor
 * @throws StudioError `bad-model` when shape and data disagree
 */
export function decodeConstant(proto: TensorProto, where: string): Constant {
	const type = elementTypeOf(proto.dataType, where);
	const dims = proto.dims.map(Number);
	if (dims.some((dim) => dim < 0)) {
		throw mismatch(`${where} has shape [${dims.join(', ')}], with a negative size`);
	}
	const data = decodeData(proto, type, sizeOf(dims), where);
	return { type, dims, data };
}

function decodeData(
	proto: TensorProto,
	type: ElementType,
	size: number,
	where: string
): ConstantData {
	if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return decodeExternal(proto, where);
	if (type === 'string') {
		if (proto.stringData.length !== size) throw wrongLength(where, size, proto.stringData.length);
		return { kind: 'strings', values: proto.stringData };
	}
	const bytes = proto.rawData.length > 0 ? proto.rawData : typedBytes(proto, type);
	const expected = rawByteLength(type, size);
	if (bytes.length !== expected) throw wrongLength(where, expected, bytes.length);
	return { kind: 'raw', bytes };
}

function decodeExternal(proto: TensorProto, where: string): ConstantData {
	const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
	const location = entries.get('location');
	if (!location) throw mismatch(`${where} lies in an external file that is not named`);
	const length = entries.get('length');
	const offset = Number(entries.get('offset') ?? 0);
	if (!Number.isSafeInteger(offset) || offset < 0 || Number.isNaN(Number(length ?? 0))) {
		throw mismatch(`${where} has an unreadable offset or length in "${location}"`);
	}
	return {
		kind: 'external',
		location,
		offset,
		...(length === undefined ? {} : { length: Number(length) })
	};
}

/** Bytes of the typed fields of a tensor; which field holds which type is fixed by onnx.proto. */
function typedBytes(proto: TensorProto, type: ElementType): Uint8Array {
	switch (type) {
		case 'float32':
		case 'complex64':
			return bytesOf(Float32Array.from(proto.floatData));
		case 'float64':
		case 'complex128':
			return bytesOf(Float64Array.from(proto.doubleData));
		case 'int64':
			return bytesOf(BigInt64Array.from(proto.int64Data));
		case 'uint64':
			return bytesOf(BigUint64Array.from(proto.uint64Data));
		case 'uint32':
			return bytesOf(Uint32Array.from(proto.uint64Data, Number));
		case 'int32':
			return bytesOf(Int32Array.from(proto.int32Data));
		case 'int16':
		case 'uint16':
		case 'float16':
		case 'bfloat16':
			return bytesOf(Uint16Array.from(proto.int32Data));
		default:
			return Uint8Array.from(proto.int32Data);
	}
}

function bytesOf(array: ArrayBufferView): Uint8Array {
	return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function wrongLength(where: string, expected: number, got: number): StudioError {
	return mismatch(`${where} needs ${expected} bytes of data but has ${got}`);
}

function mismatch(message: string): StudioError {
	return new StudioError(
		'bad-model',
		`${message}.`,
		'The file is damaged; download or export the model again.'
	);
}
