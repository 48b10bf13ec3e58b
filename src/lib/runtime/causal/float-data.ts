import { StudioError } from '../../core/errors.ts';
import type { CpuTensor } from '../../core/tensor.ts';

/** The value of an IEEE 754 half-precision number given by its bits. */
export function halfToNumber(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
	return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The elements of a floating-point tensor in float32. @throws StudioError `bad-model` otherwise */
export function floatsOf({ type, data }: CpuTensor): Float32Array {
	if (data instanceof Float32Array) return data;
	if (type === 'float16' && data instanceof Uint16Array)
		return Float32Array.from(data, halfToNumber);
	if (data instanceof Float64Array) return Float32Array.from(data);
	throw new StudioError(
		'bad-model',
		`logits should be floating-point numbers, they are ${type}.`,
		'Take another export of the model.'
	);
}
