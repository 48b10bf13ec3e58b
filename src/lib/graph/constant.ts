import { sizeOf } from '../core/tensor.ts';
import type { CpuTensor, DataType } from '../core/tensor.ts';
import { StudioError } from '../core/errors.ts';
import type { ElementType } from './element-type.ts';
import type { Constant } from './graph.ts';

/** A constant of the graph from a tensor in memory; the bytes are shared, not copied. */
export function constantOf(tensor: CpuTensor): Constant {
	const { buffer, byteOffset, byteLength } = tensor.data;
	return {
		type: tensor.type,
		dims: tensor.dims,
		data: { kind: 'raw', bytes: new Uint8Array(buffer, byteOffset, byteLength) }
	};
}

/** A constant of any numeric type from plain numbers (float16 excepted: it is never written so). */
export function constantFrom(
	type: ElementType,
	dims: readonly number[],
	values: readonly number[]
): Constant {
	const array = typed(type, values);
	const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
	return { type, dims, data: { kind: 'raw', bytes } };
}

function typed(type: ElementType, values: readonly number[]): ArrayBufferView {
	switch (type) {
		case 'float32':
			return Float32Array.from(values);
		case 'float64':
			return Float64Array.from(values);
		case 'float16':
			return Uint16Array.from(values, halfBits);
		case 'int64':
			return BigInt64Array.from(values, integer);
		case 'uint64':
			return BigUint64Array.from(values, integer);
		case 'int32':
			return Int32Array.from(values);
		case 'uint32':
			return Uint32Array.from(values);
		case 'int16':
			return Int16Array.from(values);
		case 'uint16':
			return Uint16Array.from(values);
		case 'int8':
			return Int8Array.from(values);
		case 'uint8':
		case 'bool':
			return Uint8Array.from(values);
		default:
			throw new StudioError(
				'unsupported',
				`Constants of type ${type} cannot be made from numbers.`,
				'Convert the model to float32 first.'
			);
	}
}

/** INT64_MAX as a double is 2⁶³; it stands for "to the end" and must not wrap round. */
function integer(value: number): bigint {
	const max = 2n ** 63n - 1n;
	const exact = BigInt(Math.trunc(value));
	return exact > max ? max : exact < -max - 1n ? -max - 1n : exact;
}

const READERS: Partial<
	Record<ElementType, [width: number, read: (v: DataView, at: number) => number]>
> = {
	float32: [4, (view, at) => view.getFloat32(at, true)],
	float64: [8, (view, at) => view.getFloat64(at, true)],
	float16: [2, (view, at) => halfValue(view.getUint16(at, true))],
	bfloat16: [2, (view, at) => bfloatValue(view.getUint16(at, true))],
	int64: [8, (view, at) => Number(view.getBigInt64(at, true))],
	uint64: [8, (view, at) => Number(view.getBigUint64(at, true))],
	int32: [4, (view, at) => view.getInt32(at, true)],
	uint32: [4, (view, at) => view.getUint32(at, true)],
	int16: [2, (view, at) => view.getInt16(at, true)],
	uint16: [2, (view, at) => view.getUint16(at, true)],
	int8: [1, (view, at) => view.getInt8(at)],
	uint8: [1, (view, at) => view.getUint8(at)],
	bool: [1, (view, at) => view.getUint8(at)]
};

/** The elements of a constant as numbers; undefined when they are external, strings or packed. */
export function numbersOf(constant: Constant): number[] | undefined {
	const reader = READERS[constant.type];
	if (constant.data.kind !== 'raw' || !reader) return undefined;
	const [width, read] = reader;
	const { buffer, byteOffset, byteLength } = constant.data.bytes;
	const view = new DataView(buffer, byteOffset, byteLength);
	return Array.from({ length: sizeOf(constant.dims) }, (_, index) => read(view, index * width));
}

function halfValue(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 31;
	const fraction = bits & 1023;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	if (exponent === 31) return fraction ? NaN : sign * Infinity;
	return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** IEEE 754 binary16 bits of a number, rounded to nearest even. */
function halfBits(value: number): number {
	const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
	const magnitude = Math.abs(value);
	if (Number.isNaN(value)) return 0x7e00;
	if (magnitude >= 65520) return sign | 0x7c00;
	const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 1e-30)));
	const steps = roundHalfEven(magnitude / 2 ** (exponent - 10));
	return sign | (((exponent + 14) << 10) + steps);
}

function roundHalfEven(value: number): number {
	const low = Math.floor(value);
	const rest = value - low;
	return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

function bfloatValue(bits: number): number {
	const view = new DataView(new ArrayBuffer(4));
	view.setUint32(0, bits << 16);
	return view.getFloat32(0);
}

/** Whether a type is one the studio moves about as tensors. */
export function isDataType(type: ElementType): type is DataType {
	return !/^(bfloat|string|complex|float8|float4)/.test(type);
}
