import type { DataType } from '../core/tensor.ts';

/** ONNX `TensorProto.DataType` numbers of the element types the studio moves about. */
export const ONNX_TYPE: Readonly<Record<DataType, number>> = {
	float32: 1,
	uint8: 2,
	int8: 3,
	uint16: 4,
	int16: 5,
	int32: 6,
	int64: 7,
	bool: 9,
	float16: 10,
	float64: 11,
	uint32: 12,
	uint64: 13,
	uint4: 21,
	int4: 22
};

const BY_NUMBER = new Map(
	Object.entries(ONNX_TYPE).map(([type, number]) => [number, type as DataType])
);

/** The element type of an ONNX type number. @throws Error for strings, complex and 8-bit floats */
export function typeOfOnnx(number: number): DataType {
	const type = BY_NUMBER.get(number);
	if (type === undefined) throw new Error(`tensors of ONNX type ${number} are not supported`);
	return type;
}
