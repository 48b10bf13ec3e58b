import type { TensorSpec } from '../../core/model.ts';
import { StudioError } from '../../core/errors.ts';
import type { EngineSession, EngineTensor, ModelFiles } from '../backend.ts';
import { creationError, runError } from '../engine-errors.ts';
import { typeOfOnnx } from '../tensor-types.ts';
import { HeapTensor } from './heap-tensor.ts';
import { check, heapBytes, lastError } from './ort-module.ts';
import type { OrtModule } from './ort-module.ts';

const OPTIMISE_ALL = 99;
/** Errors reach the caller; the engine would only repeat them on the console. */
const LOG_FATAL_ONLY = 4;

/** Name, type and shape of one input or output, and the name's C string (ours to free). */
function readSpec(module: OrtModule, session: number, index: number): [TensorSpec, number] {
	const stack = module.stackSave();
	let metadata = 0;
	try {
		const slots = module.stackAlloc(8);
		check(module, module._OrtGetInputOutputMetadata(session, index, slots, slots + 4));
		const namePointer = module.HEAPU32[slots / 4] ?? 0;
		metadata = module.HEAPU32[slots / 4 + 1] ?? 0;
		const name = module.UTF8ToString(namePointer);
		const type = module.HEAPU32[metadata / 4] ?? 0;
		const rank = type === 0 ? 0 : (module.HEAPU32[metadata / 4 + 1] ?? 0);
		const dims = Array.from({ length: rank }, (_, axis) => {
			const symbol = module.HEAPU32[metadata / 4 + 2 + axis] ?? 0;
			return symbol === 0
				? (module.HEAP32[metadata / 4 + 2 + rank + axis] ?? 0)
				: module.UTF8ToString(symbol);
		});
		return [{ name, type: typeOfOnnx(type), dims }, namePointer];
	} finally {
		module.stackRestore(stack);
		if (metadata !== 0) module._OrtFree(metadata);
	}
}

/** Builds the native session; weights beside the graph are mounted for as long as that takes. */
async function createNative(module: OrtModule, files: ModelFiles): Promise<number> {
	const options = module._OrtCreateSessionOptions(
		OPTIMISE_ALL,
		true,
		true,
		0,
		false,
		0,
		0,
		LOG_FATAL_ONLY,
		0,
		0
	);
	if (options === 0) throw new Error(lastError(module));
	let graph = 0;
	try {
		for (const file of files.externalData) {
			const data =
				file.data instanceof Uint8Array ? file.data : new Uint8Array(await file.data.arrayBuffer());
			module.mountExternalData(file.path, data);
		}
		graph = heapBytes(module, files.graph.length);
		module.HEAPU8.set(files.graph, graph);
		const session = await module._OrtCreateSession(graph, files.graph.length, options);
		if (session === 0) throw new Error(lastError(module));
		return session;
	} finally {
		if (graph !== 0) module._free(graph);
		module._OrtReleaseSessionOptions(options);
		module.unmountExternalData();
	}
}

/** An onnxruntime session on the WASM heap, run through the module's own exports. */
export class WasmSession implements EngineSession {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	private readonly module: OrtModule;
	private readonly file: string;
	private handle: number;
	private readonly runOptions: number;
	/** C strings of the names, by name. */
	private readonly names: ReadonlyMap<string, number>;
	/** Four arrays of pointers for `_OrtRun`: input names, inputs, output names, outputs. */
	private readonly slots: number;

	private constructor(module: OrtModule, file: string, handle: number) {
		this.module = module;
		this.file = file;
		this.handle = handle;
		const stack = module.stackSave();
		const counts = module.stackAlloc(8);
		check(module, module._OrtGetInputOutputCount(handle, counts, counts + 4));
		const [inputs = 0, outputs = 0] = module.HEAPU32.subarray(counts / 4, counts / 4 + 2);
		module.stackRestore(stack);
		const specs = Array.from({ length: inputs + outputs }, (_, i) => readSpec(module, handle, i));
		this.inputs = specs.slice(0, inputs).map(([spec]) => spec);
		this.outputs = specs.slice(inputs).map(([spec]) => spec);
		this.names = new Map(specs.map(([spec, pointer]) => [spec.name, pointer]));
		this.slots = heapBytes(module, 8 * (inputs + outputs));
		this.runOptions = module._OrtCreateRunOptions(LOG_FATAL_ONLY, 0, false, 0);
	}

	/** @throws StudioError `bad-model` or `out-of-memory`, naming the file */
	static async create(module: OrtModule, files: ModelFiles): Promise<WasmSession> {
		try {
			return new WasmSession(module, files.name, await createNative(module, files));
		} catch (error) {
			throw creationError(files.name, error);
		}
	}

	async run(
		feeds: Readonly<Record<string, EngineTensor>>,
		targets: Readonly<Record<string, EngineTensor | null>>
	): Promise<Record<string, EngineTensor>> {
		try {
			const inputs = this.bind(feeds, 0);
			const outputBase = 2 * inputs;
			const outputs = this.bind(targets, outputBase);
			const at = (slot: number) => this.slots + 4 * slot;
			const status = await this.module._OrtRun(
				this.handle,
				at(0),
				at(inputs),
				inputs,
				at(outputBase),
				outputs,
				at(outputBase + outputs),
				this.runOptions
			);
			check(this.module, status);
			return this.collect(targets, outputBase + outputs);
		} catch (error) {
			throw runError(this.file, error);
		}
	}

	dispose(): Promise<void> {
		if (this.handle === 0) return Promise.resolve();
		this.module._OrtReleaseSession(this.handle);
		this.module._OrtReleaseRunOptions(this.runOptions);
		for (const name of this.names.values()) this.module._OrtFree(name);
		this.module._free(this.slots);
		this.handle = 0;
		return Promise.resolve();
	}

	/** Writes names, then handles, from slot `base` on. @returns their number */
	private bind(tensors: Readonly<Record<string, EngineTensor | null>>, base: number): number {
		const entries = Object.entries(tensors);
		const slot = this.slots / 4 + base;
		if (base + 2 * entries.length > 2 * (this.inputs.length + this.outputs.length)) {
			throw this.unknownName(entries.map(([name]) => name));
		}
		entries.forEach(([name, tensor], i) => {
			const pointer = this.names.get(name);
			if (pointer === undefined) throw this.unknownName([name]);
			this.module.HEAPU32[slot + i] = pointer;
			this.module.HEAPU32[slot + entries.length + i] = tensor === null ? 0 : this.handleOf(tensor);
		});
		return entries.length;
	}

	private handleOf(tensor: EngineTensor): number {
		if (tensor instanceof HeapTensor && tensor.handle !== 0) return tensor.handle;
		throw new StudioError(
			'internal',
			`${this.file} was fed a tensor that is disposed or belongs to another engine.`,
			'Reload the page.'
		);
	}

	private collect(
		targets: Readonly<Record<string, EngineTensor | null>>,
		slot: number
	): Record<string, EngineTensor> {
		const results: Record<string, EngineTensor> = {};
		Object.entries(targets).forEach(([name, target], i) => {
			const handle = this.module.HEAPU32[this.slots / 4 + slot + i] ?? 0;
			results[name] = target ?? HeapTensor.adopt(this.module, handle);
		});
		return results;
	}

	private unknownName(names: readonly string[]): StudioError {
		const known = [...this.names.keys()];
		return new StudioError(
			'bad-input',
			`${this.file} has no input or output ${names.filter((n) => !known.includes(n)).join(', ')}; it has ${known.join(', ')}.`,
			'Feed the inputs that the model declares.'
		);
	}
}
