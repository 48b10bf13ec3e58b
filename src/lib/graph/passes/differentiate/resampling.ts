import { floatOf, intOf, intsOf, stringOf } from '../../attributes.ts';
import type { Node } from '../../graph.ts';
import { alongAxis, positiveAxes } from '../emit.ts';
import { slice } from '../emit.ts';
import type { Rule } from './rule.ts';
import { refused, rule } from './rule.ts';

type Matrix = number[][];

function zeros(rows: number, columns: number): Matrix {
	return Array.from({ length: rows }, () => Array<number>(columns).fill(0));
}

const flip = (matrix: Matrix): Matrix =>
	Array.from({ length: matrix[0]?.length ?? 0 }, (_, i) => matrix.map((row) => row[i] ?? 0));

/** Position in the input of an output position (ONNX Resize, coordinate_transformation_mode). */
function coordinate(mode: string, i: number, input: number, output: number, ratio: number): number {
	switch (mode) {
		case 'asymmetric':
			return i / ratio;
		case 'align_corners':
			return output === 1 ? 0 : (i * (input - 1)) / (output - 1);
		case 'pytorch_half_pixel':
			return output > 1 ? (i + 0.5) / ratio - 0.5 : 0;
		case 'half_pixel_symmetric': {
			const adjustment = output / (ratio * input);
			return (input / 2) * (1 - adjustment) + (i + 0.5) / ratio - 0.5;
		}
		case 'half_pixel':
			return (i + 0.5) / ratio - 0.5;
		default:
			throw new RangeError(`coordinate_transformation_mode "${mode}" has no rule`);
	}
}

function nearest(mode: string, x: number): number {
	switch (mode) {
		case 'floor':
			return Math.floor(x);
		case 'ceil':
			return Math.ceil(x);
		case 'round_prefer_ceil':
			return Math.floor(x + 0.5);
		default:
			return Math.ceil(x - 0.5);
	}
}

/** Weights of the four neighbours at a fraction (Keys 1981, with coefficient a). */
function cubic(fraction: number, a: number): number[] {
	const near = (t: number): number => ((a + 2) * t - (a + 3)) * t * t + 1;
	const far = (t: number): number => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
	return [far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction)];
}

/** The [output, input] matrix that Resize applies along one axis. */
export function resizeMatrix(node: Node, input: number, output: number, ratio: number): Matrix {
	const matrix = zeros(output, input);
	const mode = stringOf(node, 'mode', 'nearest');
	const transform = stringOf(node, 'coordinate_transformation_mode', 'half_pixel');
	if (intOf(node, 'antialias', 0) === 1 && ratio < 1) throw new RangeError('antialias has no rule');
	const put = (row: number, column: number, weight: number): void => {
		const target = Math.min(Math.max(column, 0), input - 1);
		const line = matrix[row];
		if (line) line[target] = (line[target] ?? 0) + weight;
	};
	for (let i = 0; i < output; i++) {
		const x = coordinate(transform, i, input, output, ratio);
		if (mode === 'nearest') {
			put(i, nearest(stringOf(node, 'nearest_mode', 'round_prefer_floor'), x), 1);
			continue;
		}
		const low = Math.floor(x);
		if (mode === 'linear') {
			put(i, low, 1 - (x - low));
			put(i, low + 1, x - low);
			continue;
		}
		const weights = cubic(x - low, floatOf(node, 'cubic_coeff_a', -0.75));
		const exclude = intOf(node, 'exclude_outside', 0) === 1;
		const inside = weights.map((w, k) =>
			exclude && (low + k - 1 < 0 || low + k - 1 >= input) ? 0 : w
		);
		const total = exclude ? inside.reduce((p, q) => p + q, 0) : 1;
		inside.forEach((weight, k) => put(i, low + k - 1, weight / total));
	}
	return matrix;
}

/** Resize is linear and separable: dX applies the transposed matrix along each resized axis. */
const resize: Rule = ({ b, node, dy: [dy] }) => {
	const x = node.inputs[0] ?? '';
	if (dy === undefined) return [];
	const [from, to] = [b.dims(x), b.dims(dy)];
	const scales = node.inputs[2] ? b.value(node.inputs[2]) : undefined;
	const axes = positiveAxes(intsOf(node, 'axes') ?? from.map((_, i) => i), from.length);
	if (intOf(node, 'antialias', 0) === 1) throw new RangeError('antialias has no rule');
	let g = dy;
	axes.forEach((axis, i) => {
		const [input, output] = [from[axis] ?? 1, to[axis] ?? 1];
		const given = scales && scales.length > 0 ? scales[i] : undefined;
		const ratio = given ?? output / input;
		if (input === output && ratio === 1) return;
		g = alongAxis(b, g, axis, flip(resizeMatrix(node, input, output, ratio)));
	});
	return [g];
};

/** The [out, in] matrix of reflect, edge or wrap padding along one axis. */
function padMatrix(mode: string, size: number, begin: number, end: number): Matrix {
	const matrix = zeros(size + begin + end, size);
	matrix.forEach((row, i) => {
		let source = i - begin;
		if (mode === 'edge') source = Math.min(Math.max(source, 0), size - 1);
		else if (mode === 'wrap') source = ((source % size) + size) % size;
		else {
			const period = Math.max(2 * (size - 1), 1);
			source = ((source % period) + period) % period;
			if (source >= size) source = period - source;
		}
		row[source] = 1;
	});
	return matrix;
}

/** Constant padding cuts the cotangent; reflect, edge and wrap fold it back. */
const padding: Rule = ({ b, node, dy: [dy] }) => {
	const [x = '', padsInput = '', , axesInput] = node.inputs;
	if (dy === undefined) return [];
	const dims = b.dims(x);
	const pads = b.value(padsInput);
	const given = axesInput ? b.value(axesInput) : dims.map((_, i) => i);
	if (!pads || !given) throw new RangeError('its pads are computed at run time');
	const mode = stringOf(node, 'mode', 'constant');
	const axes = positiveAxes(given, dims.length);
	let g = dy;
	const grow = dims.map(() => [0, 0] as [number, number]);
	axes.forEach((axis, i) => {
		const [begin, end] = [pads[i] ?? 0, pads[i + axes.length] ?? 0];
		const size = dims[axis] ?? 1;
		if (begin === 0 && end === 0) return;
		if (mode !== 'constant') {
			g = alongAxis(b, g, axis, flip(padMatrix(mode, size, begin, end)));
			return;
		}
		// Negative padding had cut the input, which is put back as zeros.
		grow[axis] = [Math.max(0, -begin), Math.max(0, -end)];
		const length = size + begin + end;
		g = slice(b, g, axis, Math.max(begin, 0), length - Math.max(end, 0));
	});
	if (grow.some(([begin, end]) => begin + end > 0)) {
		const sizes = b.ints([...grow.map(([begin]) => begin), ...grow.map(([, end]) => end)]);
		g = b.op('Pad', [g, sizes, b.scalarLike(0, g)]);
	}
	return [g];
};

/** Resampling and padding. */
export const RESAMPLING_RULES = {
	Resize: rule(resize),
	Upsample: rule(resize),
	Pad: rule(padding),
	GridSample: refused('its sampling positions are data'),
	AffineGrid: refused('no exporter of the supported families writes it')
};
