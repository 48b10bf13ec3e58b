import type { InferenceSession } from 'onnxruntime-common';
import type { TensorSpec } from '../../core/model.ts';
import { StudioError } from '../../core/errors.ts';
import type { DataType } from '../../core/tensor.ts';
import type { EngineSession, EngineTensor } from '../backend.ts';
import { runError } from '../engine-errors.ts';
import type { SerialQueue } from '../serial-queue.ts';
import type { DeviceWatch } from './device-watch.ts';
import { GpuTensor } from './gpu-tensor.ts';

function toSpecs(metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] {
	return metadata.map((value) => {
		if (value.isTensor) {
			return { name: value.name, type: value.type as DataType, dims: value.shape };
		}
		throw new Error(`${value.name} is not a tensor`);
	});
}

/** An onnxruntime session on WebGPU; outputs stay in GPU buffers. */
export class WebgpuSession implements EngineSession {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	private readonly session: InferenceSession;
	private readonly file: string;
	private readonly device: GPUDevice;
	private readonly queue: SerialQueue;
	private readonly watch: DeviceWatch;

	constructor(
		session: InferenceSession,
		file: string,
		device: GPUDevice,
		queue: SerialQueue,
		watch: DeviceWatch
	) {
		this.session = session;
		this.file = file;
		this.device = device;
		this.queue = queue;
		this.watch = watch;
		this.inputs = toSpecs(session.inputMetadata);
		this.outputs = toSpecs(session.outputMetadata);
	}

	async run(
		feeds: Readonly<Record<string, EngineTensor>>,
		targets: Readonly<Record<string, EngineTensor | null>>
	): Promise<Record<string, EngineTensor>> {
		try {
			const inputs = this.values(feeds);
			const outputs = this.values(targets);
			const values = await this.queue.add(() =>
				this.watch.guard(`A run of ${this.file}`, () =>
					this.session.run(inputs as InferenceSession.FeedsType, outputs)
				)
			);
			const results: Record<string, EngineTensor> = {};
			for (const [name, target] of Object.entries(targets)) {
				const value = values[name];
				if (target !== null) results[name] = target;
				else if (value !== undefined) results[name] = new GpuTensor(this.device, this.watch, value);
			}
			return results;
		} catch (error) {
			throw runError(this.file, error);
		}
	}

	async dispose(): Promise<void> {
		await this.queue.add(() => this.session.release());
	}

	private values(
		tensors: Readonly<Record<string, EngineTensor | null>>
	): Record<string, GpuTensor['value'] | null> {
		return Object.fromEntries(
			Object.entries(tensors).map(([name, tensor]) => {
				if (tensor === null) return [name, null];
				if (tensor instanceof GpuTensor) return [name, tensor.value];
				throw new StudioError(
					'internal',
					`${this.file} was fed a tensor that belongs to another engine.`,
					'Reload the page.'
				);
			})
		);
	}
}
