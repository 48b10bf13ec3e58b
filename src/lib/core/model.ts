import type { DataType, Feeds } from './tensor.ts';

/** Name, element type and shape of a graph input or output; a string is a symbolic dimension. */
export interface TensorSpec {
	readonly name: string;
	readonly type: DataType;
	readonly dims: readonly (number | string)[];
}

export interface RunOptions {
	readonly signal?: AbortSignal;
	/** Where outputs should stay; `cpu` by default. Engines without a device ignore `gpu`. */
	readonly outputLocation?: 'cpu' | 'gpu';
}

/** Anything that maps named tensors to named tensors: an ONNX session, a tfjs network, a fake. */
export interface Model {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	/**
	 * Runs the network. Feeds stay the caller's; outputs are the caller's to dispose.
	 * @param want names of the outputs to compute; all when absent
	 */
	run(feeds: Feeds, want?: readonly string[], options?: RunOptions): Promise<Feeds>;
	dispose(): Promise<void>;
}

/** A model with reverse-mode derivatives. */
export interface DifferentiableModel extends Model {
	/**
	 * Vector–Jacobian product: cotangents of outputs → gradients of the tensors named in `wrt`,
	 * each of the shape of its tensor.
	 */
	vjp(feeds: Feeds, cotangents: Feeds, wrt: readonly string[]): Promise<Feeds>;
}
