import type { Backend, ModelFiles } from './backend.ts';
import { StudioError } from '../core/errors.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Largest heap that a 32-bit WebAssembly module can grow to. */
export const WASM_HEAP_LIMIT = 4 * GIB;

/**
 * How often the bytes of a graph file exist at the worst moment of loading: the file in the heap, its
 * parsed form and the kernels' packed copies (measured: 27 MB grew the heap to 76 MB). Weights beside
 * the graph are read straight into their tensors and packed from there.
 */
const GRAPH_COPIES = 3;
const EXTERNAL_COPIES = 2;

/** Bytes of engine memory that loading a model takes at the worst moment. */
export function loadBytes(files: ModelFiles): number {
	const external = files.externalData.reduce(
		(sum, { data }) => sum + (data instanceof Uint8Array ? data.byteLength : data.size),
		0
	);
	return files.graph.byteLength * GRAPH_COPIES + external * EXTERNAL_COPIES;
}

/**
 * Bytes that an engine may use: the WASM heap's limit, or 60 % of the machine's memory where the
 * browser tells it and that is less.
 */
export function memoryBudget(memoryGiB: number | undefined): number {
	return Math.min(WASM_HEAP_LIMIT, memoryGiB === undefined ? Infinity : memoryGiB * GIB * 0.6);
}

/**
 * Refuses a model that cannot fit before any byte of it is copied: a WASM heap never shrinks, and a
 * browser kills the tab that outgrows the machine.
 * @throws StudioError `out-of-memory`, with the sizes
 */
export function admit(files: ModelFiles, backend: Pick<Backend, 'report' | 'memoryInUse'>): void {
	const needed = loadBytes(files);
	const left = memoryBudget(backend.report.memoryGiB) - backend.memoryInUse;
	if (needed <= left) return;
	const mib = (bytes: number) => Math.round(Math.max(bytes, 0) / MIB);
	throw new StudioError(
		'out-of-memory',
		`Loading ${files.name} takes up to ${mib(needed)} MiB of memory, and ${mib(left)} MiB are left.`,
		'Unload other models, close other tabs, or take a smaller variant.'
	);
}
