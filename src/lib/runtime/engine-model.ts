import { StudioError, throwIfAborted } from '../core/errors.ts';
import type { Model, RunOptions, TensorSpec } from '../core/model.ts';
import { storageLength } from '../core/tensor.ts';
import type { CpuTensor, DeviceTensor, Feeds, Tensor } from '../core/tensor.ts';
import type { Backend, EngineSession, EngineTensor, ModelFiles } from './backend.ts';
import { inspectFiles } from './model-files.ts';

const shapeText = (dims: readonly (number | string)[]) => `[${dims.join(', ')}]`;

/** Wraps a tensor in engine memory for callers outside the runtime. */
function toDevice(tensor: EngineTensor): DeviceTensor {
	return {
		location: 'gpu',
		type: tensor.type,
		dims: tensor.dims,
		handle: tensor,
		read: () => tensor.read(),
		dispose: () => tensor.dispose()
	};
}

/** Any ONNX graph on an engine session, as {@link Model}. */
export class EngineModel implements Model {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	private readonly backend: Backend;
	private readonly session: EngineSession;
	private readonly file: string;

	private constructor(backend: Backend, session: EngineSession, file: string) {
		this.backend = backend;
		this.session = session;
		this.file = file;
		this.inputs = session.inputs;
		this.outputs = session.outputs;
	}

	/**
	 * Looks the files over and builds a session.
	 * @throws StudioError `bad-model` naming file and reason, `out-of-memory`, `device-lost`
	 */
	static async create(backend: Backend, files: ModelFiles): Promise<EngineModel> {
		inspectFiles(files);
		return new EngineModel(backend, await backend.createSession(files), files.name);
	}

	/**
	 * {@inheritDoc Model.run} With `outputLocation: 'gpu'` outputs stay in engine memory, on WASM
	 * too, and can be fed to the next run without a copy.
	 * @throws StudioError `bad-input` when a feed is missing, unknown or of the wrong type or rank
	 */
	async run(feeds: Feeds, want?: readonly string[], options: RunOptions = {}): Promise<Feeds> {
		throwIfAborted(options.signal);
		this.checkFeeds(feeds);
		const names = want ?? this.outputs.map(({ name }) => name);
		const copies: EngineTensor[] = [];
		try {
			const inputs: Record<string, EngineTensor> = {};
			for (const [name, tensor] of Object.entries(feeds)) {
				if (tensor.location === 'gpu') inputs[name] = tensor.handle as EngineTensor;
				else copies.push((inputs[name] = this.backend.fromCpu(tensor)));
			}
			const targets = Object.fromEntries(names.map((name) => [name, null]));
			const results = await this.session.run(inputs, targets);
			return await this.hand(results, options.outputLocation ?? 'cpu');
		} finally {
			for (const copy of copies) copy.dispose();
		}
	}

	dispose(): Promise<void> {
		return this.session.dispose();
	}

	private async hand(
		results: Readonly<Record<string, EngineTensor>>,
		location: 'cpu' | 'gpu'
	): Promise<Feeds> {
		const out: Feeds = {};
		for (const [name, tensor] of Object.entries(results)) {
			out[name] = location === 'gpu' ? toDevice(tensor) : await readAndFree(tensor);
		}
		return out;
	}

	private checkFeeds(feeds: Feeds): void {
		const missing = this.inputs.filter(({ name }) => feeds[name] === undefined);
		if (missing.length > 0) {
			throw this.badInput(`needs ${missing.map(({ name }) => name).join(', ')}`);
		}
		for (const [name, feed] of Object.entries(feeds)) {
			const spec = this.inputs.find((input) => input.name === name);
			if (spec === undefined) throw this.badInput(`has no input ${name}`);
			if (!matches(spec, feed)) {
				throw this.badInput(
					`takes ${name} as ${spec.type} ${shapeText(spec.dims)}, it was fed ${feed.type} ${shapeText(feed.dims)}`
				);
			}
		}
	}

	private badInput(what: string): StudioError {
		return new StudioError(
			'bad-input',
			`${this.file} ${what}.`,
			`Feed exactly its inputs: ${this.inputs.map(({ name }) => name).join(', ')}.`
		);
	}
}

async function readAndFree(tensor: EngineTensor): Promise<CpuTensor> {
	try {
		return await tensor.read();
	} finally {
		tensor.dispose();
	}
}

/** Whether a feed has the type, rank, fixed sizes and number of elements that an input declares. */
function matches(spec: TensorSpec, feed: Tensor): boolean {
	if (feed.type !== spec.type || feed.dims.length !== spec.dims.length) return false;
	const fixed = spec.dims.every(
		(dim, i) => typeof dim === 'string' || dim < 0 || dim === feed.dims[i]
	);
	if (!fixed) return false;
	return feed.location === 'gpu' || feed.data.length === storageLength(feed.type, feed.dims);
}
