import type { StudioError } from '../core/errors.ts';
import type { DeviceReport, Provider } from '../core/device.ts';
import type { TensorSpec } from '../core/model.ts';
import type { CpuTensor, DataType } from '../core/tensor.ts';

/** A file that an ONNX graph keeps its weights in, beside itself. */
export interface ExternalFile {
	/** The path as the graph names it: relative to the graph's folder. */
	readonly path: string;
	/** A Blob is read lazily by the JSPI build and at once by the others. */
	readonly data: Uint8Array<ArrayBuffer> | Blob;
}

/** What a session is built from: a whole ONNX file, or a skeleton with its weights beside it. */
export interface ModelFiles {
	/** Path of the graph for error messages, e.g. `onnx/model_quantized.onnx`. */
	readonly name: string;
	readonly graph: Uint8Array<ArrayBuffer>;
	readonly externalData: readonly ExternalFile[];
}

/**
 * A tensor in the engine's own memory: the WASM heap or a GPU buffer. It can be fed to and received
 * from runs without a copy.
 */
export interface EngineTensor {
	readonly type: DataType;
	readonly dims: readonly number[];
	/** The WASM heap, a GPU buffer, or host memory that a run on the GPU uploads. */
	readonly location: 'heap' | 'gpu' | 'host';
	/** Copies all elements out. */
	read(): Promise<CpuTensor>;
	/** Copies the last `count` elements out, row-major. */
	readTail(count: number): Promise<CpuTensor>;
	/** Frees the memory (of a view: only the view). Further use is an error. */
	dispose(): void;
}

/** Equally long byte runs, one per row, that lie `stride` bytes apart in source and target. */
export interface BlockCopy {
	readonly rows: number;
	readonly bytes: number;
	readonly sourceStride: number;
	readonly targetStride: number;
}

/** A graph that is ready to run on a {@link Backend}. */
export interface EngineSession {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	/**
	 * Runs the graph. `targets` names the outputs to compute: a tensor receives the output in place
	 * (it may be one of the feeds, when the graph's operators allow that), null lets the engine
	 * allocate one, which is then the caller's to dispose. Runs of one backend never overlap.
	 * @returns the tensor of every target
	 * @throws StudioError `bad-input` for wrong feeds, `device-lost`, `out-of-memory`, `internal`
	 */
	run(
		feeds: Readonly<Record<string, EngineTensor>>,
		targets: Readonly<Record<string, EngineTensor | null>>
	): Promise<Record<string, EngineTensor>>;
	dispose(): Promise<void>;
}

/** One execution provider of onnxruntime-web, ready to make sessions. */
export interface Backend {
	readonly provider: Provider;
	readonly report: DeviceReport;
	/** Resolves when the device is gone for good; the worker must then be replaced. */
	readonly lost: Promise<StudioError>;
	/** Bytes of engine memory in use: the WASM heap, or the tensors made by `allocate`. */
	readonly memoryInUse: number;
	/** @throws StudioError `bad-model` naming file and reason, `out-of-memory`, `device-lost` */
	createSession(files: ModelFiles): Promise<EngineSession>;
	/** A copy of a CPU tensor to feed to runs. */
	fromCpu(tensor: CpuTensor): EngineTensor;
	/** Zero-filled engine memory. @throws StudioError `out-of-memory` */
	allocate(type: DataType, dims: readonly number[]): EngineTensor;
	/** Copies rows from one tensor's memory to another's; they must not be the same tensor. */
	copyBlocks(source: EngineTensor, target: EngineTensor, copy: BlockCopy): void;
	/** Frees what the backend holds; the WASM heap itself goes with its worker. */
	dispose(): Promise<void>;
}
