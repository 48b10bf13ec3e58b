import { byteLengthOf, sizeOf, storageLength, viewBytes } from '../../core/tensor.ts';
import type { CpuTensor, DataType } from '../../core/tensor.ts';
import type { EngineTensor } from '../backend.ts';
import { ONNX_TYPE, typeOfOnnx } from '../tensor-types.ts';
import { check, heapBytes, lastError } from './ort-module.ts';
import type { OrtModule } from './ort-module.ts';

const LOCATION_CPU = 1;

/** An OrtValue whose elements lie in the WASM heap. */
export class HeapTensor implements EngineTensor {
	readonly location = 'heap';
	readonly type: DataType;
	readonly dims: readonly number[];
	/** The OrtValue; 0 after disposal. */
	handle: number;
	/** Address of the elements. */
	readonly pointer: number;
	private readonly module: OrtModule;
	/** Whether the elements were reserved by us; those of an output belong to its OrtValue. */
	private readonly owned: boolean;

	private constructor(
		module: OrtModule,
		handle: number,
		pointer: number,
		type: DataType,
		dims: readonly number[],
		owned: boolean
	) {
		this.module = module;
		this.handle = handle;
		this.pointer = pointer;
		this.type = type;
		this.dims = dims;
		this.owned = owned;
	}

	/** Reserves heap memory for a tensor; its elements are undefined. @throws Error `out of memory` */
	static reserve(module: OrtModule, type: DataType, dims: readonly number[]): HeapTensor {
		const bytes = byteLengthOf(type, dims);
		const pointer = heapBytes(module, bytes);
		const stack = module.stackSave();
		try {
			const shape = module.stackAlloc(4 * Math.max(dims.length, 1));
			module.HEAP32.set(dims, shape / 4);
			const handle = module._OrtCreateTensor(
				ONNX_TYPE[type],
				pointer,
				bytes,
				shape,
				dims.length,
				LOCATION_CPU
			);
			if (handle === 0) throw new Error(lastError(module));
			return new HeapTensor(module, handle, pointer, type, dims, true);
		} catch (error) {
			module._free(pointer);
			throw error;
		} finally {
			module.stackRestore(stack);
		}
	}

	/** Takes over an OrtValue that a run has returned. */
	static adopt(module: OrtModule, handle: number): HeapTensor {
		const stack = module.stackSave();
		try {
			const slots = module.stackAlloc(16);
			check(module, module._OrtGetTensorData(handle, slots, slots + 4, slots + 8, slots + 12));
			const [type = 0, pointer = 0, shape = 0, rank = 0] = module.HEAPU32.subarray(
				slots / 4,
				slots / 4 + 4
			);
			const dims = Array.from(module.HEAP32.subarray(shape / 4, shape / 4 + rank));
			module._OrtFree(shape);
			return new HeapTensor(module, handle, pointer, typeOfOnnx(type), dims, false);
		} finally {
			module.stackRestore(stack);
		}
	}

	/** The bytes in the heap; the view is stale after anything that may grow the heap. */
	bytes(): Uint8Array<ArrayBuffer> {
		const { pointer } = this;
		return this.module.HEAPU8.subarray(pointer, pointer + byteLengthOf(this.type, this.dims));
	}

	read(): Promise<CpuTensor> {
		return this.copy(this.dims, this.bytes());
	}

	readTail(count: number): Promise<CpuTensor> {
		const bytes = this.bytes();
		const width = byteLengthOf(this.type, [count]);
		return this.copy([Math.min(count, sizeOf(this.dims))], bytes.subarray(-width));
	}

	dispose(): void {
		if (this.handle === 0) return;
		this.module._OrtReleaseTensor(this.handle);
		this.handle = 0;
		if (this.owned) this.module._free(this.pointer);
	}

	private copy(dims: readonly number[], bytes: Uint8Array<ArrayBuffer>): Promise<CpuTensor> {
		// The heap may be shared memory: a fresh array makes the copy transferable.
		const copy = new Uint8Array(bytes.length);
		copy.set(bytes);
		const data = viewBytes(this.type, copy).subarray(0, storageLength(this.type, dims));
		return Promise.resolve({ location: 'cpu', type: this.type, dims, data });
	}
}
