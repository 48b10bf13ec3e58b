import type { DeviceReport } from '../../core/device.ts';
import type { StudioError } from '../../core/errors.ts';
import type { CpuTensor, DataType } from '../../core/tensor.ts';
import { admit } from '../admission.ts';
import type { Backend, BlockCopy, EngineSession, EngineTensor, ModelFiles } from '../backend.ts';
import { memoryError } from '../engine-errors.ts';
import { HeapTensor } from './heap-tensor.ts';
import type { OrtModule } from './ort-module.ts';
import { WasmSession } from './wasm-session.ts';

/** The CPU provider: onnxruntime's WebAssembly module, its heap as tensor memory. */
export class WasmBackend implements Backend {
	readonly provider = 'wasm';
	readonly report: DeviceReport;
	/** A CPU does not get lost. */
	readonly lost: Promise<StudioError> = new Promise(() => undefined);
	private readonly module: OrtModule;

	constructor(module: OrtModule, report: DeviceReport) {
		this.module = module;
		this.report = report;
	}

	get memoryInUse(): number {
		return this.module.HEAPU8.length;
	}

	async createSession(files: ModelFiles): Promise<EngineSession> {
		admit(files, this);
		return WasmSession.create(this.module, files);
	}

	fromCpu(tensor: CpuTensor): EngineTensor {
		const copy = this.reserve(tensor.type, tensor.dims);
		const { buffer, byteOffset, byteLength } = tensor.data;
		copy.bytes().set(new Uint8Array(buffer, byteOffset, byteLength));
		return copy;
	}

	allocate(type: DataType, dims: readonly number[]): EngineTensor {
		const tensor = this.reserve(type, dims);
		tensor.bytes().fill(0);
		return tensor;
	}

	copyBlocks(source: EngineTensor, target: EngineTensor, copy: BlockCopy): void {
		const from = (source as HeapTensor).pointer;
		const to = (target as HeapTensor).pointer;
		for (let row = 0; row < copy.rows; row++) {
			const start = from + row * copy.sourceStride;
			this.module.HEAPU8.copyWithin(to + row * copy.targetStride, start, start + copy.bytes);
		}
	}

	dispose(): Promise<void> {
		return Promise.resolve();
	}

	private reserve(type: DataType, dims: readonly number[]): HeapTensor {
		try {
			return HeapTensor.reserve(this.module, type, dims);
		} catch (error) {
			throw memoryError(`A ${type} tensor of shape [${dims.join(', ')}]`, error);
		}
	}
}
