/**
 * The exports of onnxruntime-web's WebAssembly module that we call ourselves (its `cpu` build,
 * version 1.30, `lib/wasm/wasm-types.ts` in the package). The package's JavaScript layer copies every
 * tensor into the heap before and out of it after each run; a decoder's key–value cache makes that
 * the larger part of a token's time. Through these exports tensors stay in the heap between runs.
 */
export interface OrtModule {
	HEAPU8: Uint8Array<ArrayBuffer>;
	HEAPU32: Uint32Array<ArrayBuffer>;
	HEAP32: Int32Array<ArrayBuffer>;
	readonly PTR_SIZE: number;
	_malloc(bytes: number): number;
	_free(pointer: number): void;
	stackSave(): number;
	stackRestore(stack: number): void;
	stackAlloc(bytes: number): number;
	UTF8ToString(pointer: number): string;
	lengthBytesUTF8(text: string): number;
	stringToUTF8(text: string, pointer: number, bytes: number): void;
	mountExternalData(path: string, data: Uint8Array): void;
	unmountExternalData(): void;
	_OrtInit(threads: number, logLevel: number): number;
	_OrtGetLastError(code: number, message: number): number;
	_OrtCreateSessionOptions(
		graphOptimizationLevel: number,
		enableCpuMemArena: boolean,
		enableMemPattern: boolean,
		executionMode: number,
		enableProfiling: boolean,
		profileFilePrefix: number,
		logId: number,
		logSeverityLevel: number,
		logVerbosityLevel: number,
		optimizedModelFilePath: number
	): number;
	_OrtAddSessionConfigEntry(options: number, key: number, value: number): number;
	_OrtReleaseSessionOptions(options: number): number;
	_OrtCreateSession(data: number, bytes: number, options: number): number | Promise<number>;
	_OrtReleaseSession(session: number): number;
	_OrtGetInputOutputCount(session: number, inputs: number, outputs: number): number;
	_OrtGetInputOutputMetadata(
		session: number,
		index: number,
		name: number,
		metadata: number
	): number;
	_OrtFree(pointer: number): number;
	_OrtCreateTensor(
		type: number,
		data: number,
		bytes: number,
		dims: number,
		rank: number,
		location: number
	): number;
	_OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
	_OrtReleaseTensor(tensor: number): number;
	_OrtCreateRunOptions(
		severity: number,
		verbosity: number,
		terminate: boolean,
		tag: number
	): number;
	_OrtReleaseRunOptions(options: number): number;
	_OrtRun(
		session: number,
		inputNames: number,
		inputs: number,
		inputCount: number,
		outputNames: number,
		outputCount: number,
		outputs: number,
		runOptions: number
	): number | Promise<number>;
}

/** What the package's `.mjs` glue exports by default. */
export type OrtModuleFactory = (config: {
	numThreads: number;
	locateFile?: (file: string) => string;
}) => Promise<OrtModule>;

/** Errors reach the caller; the engine would only repeat them on the console. */
const LOG_FATAL_ONLY = 4;

/** No block of a 32-bit heap is larger. */
const MOST_BYTES = 2 ** 32 - 1;

/** The engine's last error, as text. */
export function lastError(module: OrtModule): string {
	const stack = module.stackSave();
	try {
		const slots = module.stackAlloc(2 * module.PTR_SIZE);
		module._OrtGetLastError(slots, slots + module.PTR_SIZE);
		const pointer = module.HEAPU32[slots / 4 + 1] ?? 0;
		return pointer === 0 ? 'unknown error' : module.UTF8ToString(pointer);
	} finally {
		module.stackRestore(stack);
	}
}

/** Throws the engine's last error when a call returned a non-zero status. */
export function check(module: OrtModule, status: number): void {
	if (status !== 0) throw new Error(lastError(module));
}

/** Reserves heap bytes; the caller frees them. @throws Error `out of memory` */
export function heapBytes(module: OrtModule, bytes: number): number {
	// A size beyond 32 bits would wrap around and succeed.
	const pointer = bytes > MOST_BYTES ? 0 : module._malloc(Math.max(bytes, 1));
	if (pointer === 0) throw new Error(`out of memory: ${bytes} bytes of the WASM heap`);
	return pointer;
}

/** Instantiates the module and the runtime's environment. */
export async function startOrt(
	factory: OrtModuleFactory,
	threads: number,
	wasmUrl?: string
): Promise<OrtModule> {
	const module = await factory(
		wasmUrl === undefined
			? { numThreads: threads }
			: { numThreads: threads, locateFile: () => wasmUrl }
	);
	check(module, module._OrtInit(threads, LOG_FATAL_ONLY));
	return module;
}
