import type { Tensor as OrtTensor } from 'onnxruntime-common';
import { byteLengthOf, sizeOf, viewBytes } from '../../core/tensor.ts';
import type { CpuTensor, DataType } from '../../core/tensor.ts';
import type { EngineTensor } from '../backend.ts';
import type { DeviceWatch } from './device-watch.ts';
import { BUFFER_USAGE, MAP_MODE_READ } from './gpu-flags.ts';

/** WebGPU copies whole words. */
const WORD = 4;

/** A tensor of the WebGPU provider: a GPU buffer, or small host data that a run uploads. */
export class GpuTensor implements EngineTensor {
	readonly type: DataType;
	readonly dims: readonly number[];
	/** What onnxruntime is given. */
	readonly value: OrtTensor;
	private readonly device: GPUDevice;
	private readonly watch: DeviceWatch;
	private readonly onDispose: () => void;

	/** @param onDispose frees memory that the ORT tensor does not own */
	constructor(
		device: GPUDevice,
		watch: DeviceWatch,
		value: OrtTensor,
		onDispose: () => void = () => undefined
	) {
		this.device = device;
		this.watch = watch;
		this.value = value;
		this.type = value.type as DataType;
		this.dims = value.dims;
		this.onDispose = onDispose;
	}

	get location(): 'gpu' | 'host' {
		return this.value.location === 'gpu-buffer' ? 'gpu' : 'host';
	}

	/** The buffer of a tensor on the GPU; undefined for host data. */
	get buffer(): GPUBuffer | undefined {
		return this.value.location === 'gpu-buffer' ? (this.value.gpuBuffer as GPUBuffer) : undefined;
	}

	read(): Promise<CpuTensor> {
		return this.readElements(0, this.dims);
	}

	readTail(count: number): Promise<CpuTensor> {
		const size = sizeOf(this.dims);
		return this.readElements(Math.max(size - count, 0), [Math.min(count, size)]);
	}

	dispose(): void {
		this.value.dispose();
		this.onDispose();
	}

	private async readElements(first: number, dims: readonly number[]): Promise<CpuTensor> {
		const { type, buffer } = this;
		const start = byteLengthOf(type, [first]);
		const length = byteLengthOf(type, dims);
		const bytes =
			buffer === undefined
				? this.hostBytes(start, length)
				: await this.watch.guard('Reading a tensor', () => this.download(buffer, start, length));
		return { location: 'cpu', type, dims, data: viewBytes(type, bytes) };
	}

	private hostBytes(start: number, length: number): Uint8Array<ArrayBuffer> {
		const data = this.value.data as Uint8Array<ArrayBuffer>;
		return new Uint8Array(data.buffer, data.byteOffset + start, length).slice();
	}

	private async download(
		buffer: GPUBuffer,
		start: number,
		length: number
	): Promise<Uint8Array<ArrayBuffer>> {
		const from = start - (start % WORD);
		const size = Math.ceil((start + length - from) / WORD) * WORD;
		const staging = this.device.createBuffer({
			size,
			usage: BUFFER_USAGE.copyTarget | BUFFER_USAGE.mapRead
		});
		try {
			const encoder = this.device.createCommandEncoder();
			encoder.copyBufferToBuffer(buffer, from, staging, 0, size);
			this.device.queue.submit([encoder.finish()]);
			await staging.mapAsync(MAP_MODE_READ);
			return new Uint8Array(staging.getMappedRange().slice(start - from, start - from + length));
		} finally {
			staging.destroy();
		}
	}
}
