/** Element types of ONNX tensors that the studio moves about (4-bit types are packed, two a byte). */
export type DataType =
	| 'float32'
	| 'float16'
	| 'float64'
	| 'int8'
	| 'uint8'
	| 'int16'
	| 'uint16'
	| 'int32'
	| 'uint32'
	| 'int64'
	| 'uint64'
	| 'bool'
	| 'int4'
	| 'uint4';

/** The typed array that holds the elements of each {@link DataType} on the CPU. */
export interface DataOf {
	float32: Float32Array;
	float16: Uint16Array;
	float64: Float64Array;
	int8: Int8Array;
	uint8: Uint8Array;
	int16: Int16Array;
	uint16: Uint16Array;
	int32: Int32Array;
	uint32: Uint32Array;
	int64: BigInt64Array;
	uint64: BigUint64Array;
	bool: Uint8Array;
	int4: Uint8Array;
	uint4: Uint8Array;
}

/** A tensor whose elements lie in memory, row-major. */
export interface CpuTensor<T extends DataType = DataType> {
	readonly location: 'cpu';
	readonly type: T;
	readonly dims: readonly number[];
	readonly data: DataOf[T];
}

/** A tensor that lives on a device (a GPU buffer). Only the runtime looks into `handle`. */
export interface DeviceTensor {
	readonly location: 'gpu';
	readonly type: DataType;
	readonly dims: readonly number[];
	readonly handle: unknown;
	/** Copies the elements to the CPU. */
	read(): Promise<CpuTensor>;
	/** Frees the device memory; the tensor must not be used afterwards. */
	dispose(): void;
}

export type Tensor = CpuTensor | DeviceTensor;

/** Named tensors: what goes into a graph and what comes out. */
export type Feeds = Record<string, Tensor>;

const CONSTRUCTORS = {
	float32: Float32Array,
	float16: Uint16Array,
	float64: Float64Array,
	int8: Int8Array,
	uint8: Uint8Array,
	int16: Int16Array,
	uint16: Uint16Array,
	int32: Int32Array,
	uint32: Uint32Array,
	int64: BigInt64Array,
	uint64: BigUint64Array,
	bool: Uint8Array,
	int4: Uint8Array,
	uint4: Uint8Array
} as const;

/** Number of elements of a shape; 1 for a scalar (`[]`). */
export function sizeOf(dims: readonly number[]): number {
	return dims.reduce((product, dim) => product * dim, 1);
}

/** Length of the typed array that holds `dims` elements of `type` (4-bit types pack two a byte). */
export function storageLength(type: DataType, dims: readonly number[]): number {
	const size = sizeOf(dims);
	return type === 'int4' || type === 'uint4' ? Math.ceil(size / 2) : size;
}

/** Bytes that `dims` elements of `type` take. */
export function byteLengthOf(type: DataType, dims: readonly number[]): number {
	return storageLength(type, dims) * CONSTRUCTORS[type].BYTES_PER_ELEMENT;
}

/** A new zero-filled typed array for `length` stored elements of `type`. */
export function allocate<T extends DataType>(type: T, length: number): DataOf[T] {
	return new CONSTRUCTORS[type](length) as DataOf[T];
}

/** Views bytes as the typed array of `type`; copies only when the offset is not aligned. */
export function viewBytes<T extends DataType>(type: T, bytes: Uint8Array<ArrayBuffer>): DataOf[T] {
	const constructor = CONSTRUCTORS[type];
	const width = constructor.BYTES_PER_ELEMENT;
	const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
	return new constructor(
		aligned.buffer,
		aligned.byteOffset,
		Math.floor(aligned.byteLength / width)
	) as DataOf[T];
}

/**
 * Makes a CPU tensor and checks that data and shape agree.
 * @throws RangeError when the number of elements differs from the shape's size
 */
export function tensor<T extends DataType>(
	type: T,
	dims: readonly number[],
	data: DataOf[T]
): CpuTensor<T> {
	const expected = storageLength(type, dims);
	if (data.length !== expected) {
		throw new RangeError(
			`a ${type} tensor of shape [${dims.join(', ')}] needs ${expected} stored elements, got ${data.length}`
		);
	}
	return { location: 'cpu', type, dims, data };
}

/** A float32 CPU tensor from numbers. */
export function floats(dims: readonly number[], values: ArrayLike<number>): CpuTensor<'float32'> {
	return tensor('float32', dims, Float32Array.from(values));
}

/** An int64 CPU tensor from ordinary numbers. */
export function integers(dims: readonly number[], values: readonly number[]): CpuTensor<'int64'> {
	return tensor('int64', dims, BigInt64Array.from(values, BigInt));
}
