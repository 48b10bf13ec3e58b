import type * as Ort from 'onnxruntime-common';
import type { DeviceReport } from '../../core/device.ts';
import type { StudioError } from '../../core/errors.ts';
import { byteLengthOf } from '../../core/tensor.ts';
import type { CpuTensor, DataType } from '../../core/tensor.ts';
import { admit } from '../admission.ts';
import type { Backend, BlockCopy, EngineSession, EngineTensor, ModelFiles } from '../backend.ts';
import { creationError, memoryError } from '../engine-errors.ts';
import { SerialQueue } from '../serial-queue.ts';
import type { GpuDevice } from './gpu-device.ts';
import { DeviceWatch } from './device-watch.ts';
import { BUFFER_USAGE } from './gpu-flags.ts';
import { GpuTensor } from './gpu-tensor.ts';
import { WebgpuSession } from './webgpu-session.ts';

/** onnxruntime's buffers are whole multiples of 16 bytes; its readers rely on it. */
const ALIGNMENT = 16;
/** Errors reach the caller; the engine would only repeat them on the console. */
const LOG_FATAL_ONLY = 4;

/** The part of onnxruntime-web's JavaScript interface that is used on WebGPU. */
export type OrtApi = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>;

/** The WebGPU provider, on a device of our own so that its loss can be watched. */
export class WebgpuBackend implements Backend {
	readonly provider = 'webgpu';
	readonly report: DeviceReport;
	readonly lost: Promise<StudioError>;
	private readonly ort: OrtApi;
	private readonly device: GPUDevice;
	private readonly queue = new SerialQueue();
	private allocated = 0;
	private readonly watch: DeviceWatch;

	constructor(ort: OrtApi, gpu: GpuDevice, report: DeviceReport) {
		this.ort = ort;
		this.device = gpu.device;
		this.lost = gpu.lost;
		this.report = report;
		this.watch = new DeviceWatch({
			lost: gpu.lost,
			onOutOfMemory: (listener) => {
				gpu.device.addEventListener('uncapturederror', ({ error }) => {
					if (error instanceof GPUOutOfMemoryError) listener();
				});
			}
		});
	}

	get memoryInUse(): number {
		return this.allocated;
	}

	async createSession(files: ModelFiles): Promise<EngineSession> {
		admit(files, this);
		try {
			const session = await this.queue.add(() =>
				this.watch.guard(files.name, () => this.createNative(files))
			);
			return new WebgpuSession(session, files.name, this.device, this.queue, this.watch);
		} catch (error) {
			throw creationError(files.name, error);
		}
	}

	fromCpu({ type, dims, data }: CpuTensor): EngineTensor {
		const copy = data.slice() as Ort.Tensor.DataTypeMap[Ort.Tensor.Type];
		return new GpuTensor(
			this.device,
			this.watch,
			new this.ort.Tensor(type, copy as Float32Array, dims)
		);
	}

	allocate(type: DataType, dims: readonly number[]): EngineTensor {
		const bytes = byteLengthOf(type, dims);
		const size = Math.max(Math.ceil(bytes / ALIGNMENT) * ALIGNMENT, ALIGNMENT);
		if (size > this.device.limits.maxStorageBufferBindingSize) {
			throw memoryError(`A ${type} tensor of shape [${dims.join(', ')}]`);
		}
		const buffer = this.device.createBuffer({
			size,
			usage: BUFFER_USAGE.storage | BUFFER_USAGE.copySource | BUFFER_USAGE.copyTarget
		});
		const value = this.ort.Tensor.fromGpuBuffer(buffer, {
			dataType: type as Ort.Tensor.GpuBufferDataTypes,
			dims
		});
		this.allocated += size;
		return new GpuTensor(this.device, this.watch, value, () => {
			buffer.destroy();
			this.allocated -= size;
		});
	}

	copyBlocks(source: EngineTensor, target: EngineTensor, copy: BlockCopy): void {
		const from = (source as GpuTensor).buffer;
		const to = (target as GpuTensor).buffer;
		if (from === undefined || to === undefined) throw new TypeError('host data cannot be copied');
		const encoder = this.device.createCommandEncoder();
		for (let row = 0; row < copy.rows; row++) {
			const start = row * copy.sourceStride;
			encoder.copyBufferToBuffer(from, start, to, row * copy.targetStride, copy.bytes);
		}
		this.device.queue.submit([encoder.finish()]);
	}

	dispose(): Promise<void> {
		this.device.destroy();
		return Promise.resolve();
	}

	private createNative(files: ModelFiles): Promise<Ort.InferenceSession> {
		return this.ort.InferenceSession.create(files.graph, {
			// As an object: the device and other options are ignored when it is a string.
			executionProviders: [{ name: 'webgpu', device: this.device }],
			externalData: files.externalData,
			preferredOutputLocation: 'gpu-buffer',
			graphOptimizationLevel: 'all',
			logSeverityLevel: LOG_FATAL_ONLY
		});
	}
}
