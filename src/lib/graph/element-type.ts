import { StudioError } from '../core/errors.ts';
import type { DataType } from '../core/tensor.ts';

/** Every element type of ONNX (`TensorProto.DataType`), by name. */
export type ElementType =
	| DataType
	| 'bfloat16'
	| 'string'
	| 'complex64'
	| 'complex128'
	| 'float8e4m3fn'
	| 'float8e4m3fnuz'
	| 'float8e5m2'
	| 'float8e5m2fnuz'
	| 'float4e2m1';

/** `TensorProto.DataType` number and bits an element takes (0: not stored as raw bytes). */
const ELEMENT_TYPES: Readonly<Record<ElementType, readonly [code: number, bits: number]>> = {
	float32: [1, 32],
	uint8: [2, 8],
	int8: [3, 8],
	uint16: [4, 16],
	int16: [5, 16],
	int32: [6, 32],
	int64: [7, 64],
	string: [8, 0],
	bool: [9, 8],
	float16: [10, 16],
	float64: [11, 64],
	uint32: [12, 32],
	uint64: [13, 64],
	complex64: [14, 64],
	complex128: [15, 128],
	bfloat16: [16, 16],
	float8e4m3fn: [17, 8],
	float8e4m3fnuz: [18, 8],
	float8e5m2: [19, 8],
	float8e5m2fnuz: [20, 8],
	uint4: [21, 4],
	int4: [22, 4],
	float4e2m1: [23, 4]
};

const BY_CODE = new Map(
	Object.entries(ELEMENT_TYPES).map(([name, [code]]) => [code, name as ElementType])
);

/** The `TensorProto.DataType` number of an element type. */
export function codeOf(type: ElementType): number {
	return ELEMENT_TYPES[type][0];
}

/**
 * The element type with a `TensorProto.DataType` number.
 * @throws StudioError `bad-model` for numbers ONNX does not define
 */
export function elementTypeOf(code: number, where: string): ElementType {
	const type = BY_CODE.get(code);
	if (type) return type;
	throw new StudioError(
		'bad-model',
		`${where} has element type number ${code}, which ONNX does not define.`,
		'The file is damaged or newer than this studio; export the model again.'
	);
}

/** Bytes that `size` elements take when stored raw; 4-bit types pack two a byte. */
export function rawByteLength(type: ElementType, size: number): number {
	return Math.ceil((size * ELEMENT_TYPES[type][1]) / 8);
}

/** Whether values of this type have derivatives. */
export function isFloat(type: ElementType | undefined): boolean {
	return type === 'float32' || type === 'float16' || type === 'float64' || type === 'bfloat16';
}
