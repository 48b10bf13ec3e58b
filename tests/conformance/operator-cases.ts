/** One case for each differentiable operator: a small graph of random shape around one node. */
import { floats, integers, sizeOf, tensor } from '#lib/core/tensor.ts';
import { float } from '#lib/graph/attributes.ts';
import { constantOf } from '#lib/graph/constant.ts';
import type { OperatorName } from '#lib/graph/operators.ts';
import {
	away,
	axisOf,
	bools,
	broadcastable,
	distinct,
	ints,
	pair,
	reduction,
	single,
	smooth,
	spatial,
	uniform,
	within
} from './drawn-graphs.ts';
import type { OperatorCase } from './drawn-graphs.ts';

const elementwise: Partial<Record<OperatorName, OperatorCase>> = {
	Identity: smooth('Identity'),
	Abs: smooth('Abs', [0]),
	Neg: smooth('Neg'),
	Reciprocal: within('Reciprocal', 0.5, 2),
	Sqrt: within('Sqrt', 0.5, 3),
	Exp: smooth('Exp'),
	Log: within('Log', 0.5, 3),
	Erf: smooth('Erf'),
	Sin: smooth('Sin'),
	Cos: smooth('Cos'),
	Tan: within('Tan', -1, 1),
	Asin: within('Asin', -0.8, 0.8),
	Acos: within('Acos', -0.8, 0.8),
	Atan: smooth('Atan'),
	Sinh: smooth('Sinh'),
	Cosh: smooth('Cosh'),
	Tanh: smooth('Tanh'),
	Asinh: smooth('Asinh'),
	Acosh: within('Acosh', 1.5, 4),
	Atanh: within('Atanh', -0.8, 0.8),
	Sigmoid: smooth('Sigmoid'),
	Softplus: smooth('Softplus'),
	Softsign: smooth('Softsign', [0]),
	Relu: smooth('Relu', [0]),
	LeakyRelu: smooth('LeakyRelu', [0], { alpha: float(0.2) }),
	ThresholdedRelu: smooth('ThresholdedRelu', [0.5], { alpha: float(0.5) }),
	Elu: smooth('Elu', [0], { alpha: float(1.3) }),
	Celu: smooth('Celu', [0], { alpha: float(1.3) }),
	Selu: smooth('Selu', [0]),
	HardSigmoid: smooth('HardSigmoid', [-1.5, 1.5], { alpha: float(1 / 3), beta: float(0.5) }),
	HardSwish: smooth('HardSwish', [-3, 3]),
	Shrink: smooth('Shrink', [-0.5, 0.5], { lambd: float(0.5), bias: float(0.1) }),
	Mish: smooth('Mish'),
	Gelu: (d) => smooth('Gelu', [], { approximate: d.k === 1 ? 'tanh' : 'none' })(d),
	'com.microsoft.Gelu': smooth('Gelu', [], {}, 'com.microsoft'),
	'com.microsoft.QuickGelu': smooth('QuickGelu', [], { alpha: float(1.702) }, 'com.microsoft'),
	'com.microsoft.FastGelu': ({ r, dims, k }) =>
		single(
			'FastGelu',
			[away(r, dims), k === 1 ? undefined : away(r, dims.slice(-1))].slice(0, k === 1 ? 1 : 2),
			{ domain: 'com.microsoft' }
		),
	'com.microsoft.BiasGelu': ({ r, dims }) =>
		single('BiasGelu', [away(r, dims), away(r, dims.slice(-1))], { domain: 'com.microsoft' }),
	Clip: ({ r, dims }) =>
		single('Clip', [away(r, dims, [-0.5, 0.7]), floats([], [-0.5]), floats([], [0.7])]),
	PRelu: (d) => single('PRelu', [away(d.r, d.dims, [0]), away(d.r, broadcastable(d))]),
	Add: pair('Add'),
	Sub: pair('Sub'),
	Mul: pair('Mul'),
	Div: pair('Div', (r, dims) => uniform(r, dims, 0.5, 2)),
	Pow: (d) =>
		d.k === 1
			? single('Pow', [away(d.r, d.dims), constantOf(floats([], [d.r.integer(2) + 2]))])
			: single('Pow', [uniform(d.r, d.dims, 0.5, 2), away(d.r, broadcastable(d))]),
	Mod: ({ r, dims }) =>
		single('Mod', [uniform(r, dims, 1.1, 1.4), uniform(r, dims, 0.8, 1)], {
			attributes: { fmod: 1 }
		}),
	Max: ({ r, dims }) => {
		const both = distinct(r, [2, ...dims]);
		const size = sizeOf(dims);
		return single('Max', [
			floats(dims, both.data.slice(0, size)),
			floats(dims, both.data.slice(size))
		]);
	},
	Min: ({ r, dims }) => {
		const both = distinct(r, [2, ...dims]);
		const size = sizeOf(dims);
		return single('Min', [
			floats(dims, both.data.slice(0, size)),
			floats(dims, both.data.slice(size))
		]);
	},
	Mean: (d) => single('Mean', [away(d.r, d.dims), away(d.r, broadcastable(d)), away(d.r, d.dims)]),
	Sum: (d) => single('Sum', [away(d.r, d.dims), away(d.r, broadcastable(d)), away(d.r, d.dims)]),
	Where: (d) => {
		const c = broadcastable(d);
		const condition = bools(
			c,
			Array.from({ length: sizeOf(c) }, () => d.r.next() < 0.5)
		);
		return single('Where', [condition, away(d.r, d.dims), away(d.r, broadcastable(d))]);
	},
	Cast: smooth('Cast', [], { to: 1 }),
	CastLike: ({ r, dims }) => single('CastLike', [away(r, dims), constantOf(floats([], [0]))])
};

const matrix: Partial<Record<OperatorName, OperatorCase>> = {
	MatMul: ({ r, dims, k }) => {
		const n = 1 + r.integer(4);
		const batch = dims.slice(0, -1);
		const inner = dims.at(-1) ?? 1;
		const right =
			r.next() < 0.3
				? [inner, n]
				: r.next() < 0.3
					? [inner]
					: [...batch.slice(1).map((b) => (r.next() < 0.5 ? b : 1)), inner, n].slice(
							-Math.max(2, dims.length)
						);
		const rows = dims.length > 1 && k > 1 ? dims : [...batch, k, inner];
		return single('MatMul', [
			away(r, rows),
			away(r, right.length > 2 ? [...rows.slice(0, -2), inner, n] : right)
		]);
	},
	Gemm: ({ r, k }) => {
		const [m, n, transA, transB] = [1 + r.integer(4), 1 + r.integer(4), r.integer(2), r.integer(2)];
		const bias = [[n], [1, n], [m, 1], [m, n], []][r.integer(5)] ?? [];
		return single(
			'Gemm',
			[away(r, transA ? [k, m] : [m, k]), away(r, transB ? [n, k] : [k, n]), away(r, bias)],
			{
				attributes: { transA, transB, alpha: float(0.7), beta: float(1.3) }
			}
		);
	},
	Einsum: ({ r, k }) => {
		const [i, j, l] = [1 + r.integer(3), 1 + r.integer(3), 1 + r.integer(3)];
		const cases: [string, number[][]][] = [
			[
				'ij,jl->il',
				[
					[i, j],
					[j, l]
				]
			],
			[
				'bhqd,bhkd->bhqk',
				[
					[k, i, j, l],
					[k, i, 2, l]
				]
			],
			[
				'...ij,...jl->...il',
				[
					[k, i, j],
					[k, j, l]
				]
			],
			['ij->j', [[i, j]]],
			['ij,i->', [[i, j], [i]]],
			[
				'bij,bjl,bl->bi',
				[
					[k, i, j],
					[k, j, l],
					[k, l]
				]
			]
		];
		const [equation, shapes] = cases[r.integer(cases.length)] ?? ['', []];
		return single(
			'Einsum',
			shapes.map((shape) => away(r, shape)),
			{ attributes: { equation } }
		);
	},
	DequantizeLinear: ({ r, dims }) =>
		single('DequantizeLinear', [
			tensor(
				'uint8',
				dims,
				Uint8Array.from({ length: sizeOf(dims) }, () => r.integer(255))
			),
			uniform(r, [], 0.01, 0.03),
			constantOf(tensor('uint8', [], Uint8Array.from([128])))
		]),
	'com.microsoft.FusedMatMul': ({ r, k }) => {
		const [m, n, transA, transB] = [1 + r.integer(4), 1 + r.integer(4), r.integer(2), r.integer(2)];
		return single(
			'FusedMatMul',
			[away(r, transA ? [2, k, m] : [2, m, k]), away(r, transB ? [2, n, k] : [2, k, n])],
			{
				domain: 'com.microsoft',
				attributes: { transA, transB, alpha: float(0.7) }
			}
		);
	}
};

const reductions: Partial<Record<OperatorName, OperatorCase>> = {
	ReduceSum: reduction('ReduceSum'),
	ReduceMean: reduction('ReduceMean'),
	ReduceMax: reduction('ReduceMax', distinct),
	ReduceMin: reduction('ReduceMin', distinct),
	ReduceProd: (d) => {
		const check = reduction('ReduceProd', (r, dims) => uniform(r, dims, 0.7, 1.3))(d);
		const x = check.feeds['x0'];
		if (d.k === 1 && x) x.data[0] = 0 as never;
		return check;
	},
	ReduceL1: reduction('ReduceL1'),
	ReduceL2: reduction('ReduceL2', (r, dims) => uniform(r, dims, 0.5, 1.5)),
	ReduceSumSquare: reduction('ReduceSumSquare'),
	ReduceLogSum: reduction('ReduceLogSum', (r, dims) => uniform(r, dims, 0.5, 1.5)),
	ReduceLogSumExp: reduction('ReduceLogSumExp'),
	Softmax: (d) => single('Softmax', [away(d.r, d.dims)], { attributes: { axis: axisOf(d) } }),
	LogSoftmax: (d) => single('LogSoftmax', [away(d.r, d.dims)], { attributes: { axis: axisOf(d) } }),
	CumSum: (d) =>
		single('CumSum', [away(d.r, d.dims), constantOf(integers([], [axisOf(d)]))], {
			attributes: { exclusive: d.r.integer(2), reverse: d.r.integer(2) }
		}),
	LpNormalization: (d) =>
		single('LpNormalization', [uniform(d.r, d.dims, 0.5, 1.5)], {
			attributes: { axis: axisOf(d), p: 1 + d.r.integer(2) }
		})
};

const indexing: Partial<Record<OperatorName, OperatorCase>> = {
	Reshape: ({ r, dims }) => single('Reshape', [away(r, dims), ints([-1, dims.at(-1) ?? 1])]),
	Squeeze: ({ r, dims }) => single('Squeeze', [away(r, [1, ...dims, 1]), ints([0, -1])]),
	Unsqueeze: ({ r, dims }) => single('Unsqueeze', [away(r, dims), ints([0, -1])]),
	Flatten: (d) =>
		single('Flatten', [away(d.r, d.dims)], {
			attributes: { axis: d.r.integer(d.dims.length + 1) }
		}),
	Transpose: ({ r, dims, k }) => {
		const perm = dims.map((_, i) => i);
		perm.push(...perm.splice(0, r.integer(dims.length)));
		return single('Transpose', [away(r, dims)], k === 1 ? {} : { attributes: { perm } });
	},
	Expand: (d) => single('Expand', [away(d.r, broadcastable(d)), ints([2, ...d.dims])]),
	Tile: ({ r, dims }) => single('Tile', [away(r, dims), ints(dims.map(() => 1 + r.integer(3)))]),
	Concat: (d) => {
		const axis = axisOf(d);
		const other = d.dims.map((dim, i) =>
			i === (axis + d.dims.length) % d.dims.length ? d.k : dim
		);
		return single('Concat', [away(d.r, d.dims), away(d.r, other), away(d.r, d.dims)], {
			attributes: { axis }
		});
	},
	Split: ({ r, dims, k }) =>
		single('Split', [away(r, [...dims, 4]), ints([k, 4 - k])], {
			outputs: 2,
			of: r.next() < 0.5 ? ['y0', 'y1'] : ['y1'],
			attributes: { axis: -1 }
		}),
	Slice: (d) => {
		const step = [1, 2, -1][d.r.integer(3)] ?? 1;
		const [start, end] =
			step > 0 ? [d.r.integer(2), d.r.next() < 0.5 ? -1 : 2 ** 62] : [-1, -(2 ** 62)];
		return single('Slice', [
			away(d.r, [...d.dims, 5]),
			ints([start]),
			ints([end]),
			ints([-1]),
			ints([step])
		]);
	},
	Gather: (d) => {
		const axis = axisOf(d);
		const size = d.dims.at(axis) ?? 1;
		const shape = [[], [1], [3], [2, 2]][d.r.integer(4)] ?? [];
		const indices = integers(
			shape,
			Array.from({ length: sizeOf(shape) }, () => d.r.integer(size) - (d.k === 1 ? size : 0))
		);
		return single('Gather', [away(d.r, d.dims), d.r.next() < 0.5 ? constantOf(indices) : indices], {
			attributes: { axis }
		});
	},
	GatherElements: (d) => {
		const axis = axisOf(d);
		const size = d.dims.at(axis) ?? 1;
		return single(
			'GatherElements',
			[
				away(d.r, d.dims),
				integers(
					d.dims,
					Array.from({ length: sizeOf(d.dims) }, () => d.r.integer(size))
				)
			],
			{ attributes: { axis } }
		);
	},
	GatherND: ({ r, k }) => {
		const batch = r.integer(2);
		const indices = batch
			? integers(
					[2, k, 1],
					Array.from({ length: 2 * k }, () => r.integer(3))
				)
			: integers(
					[k, 2],
					Array.from({ length: 2 * k }, (_, i) => r.integer(i % 2 ? 3 : 2))
				);
		return single('GatherND', [away(r, [2, 3, 2]), indices], { attributes: { batch_dims: batch } });
	},
	ScatterND: ({ r, k }) =>
		single(
			'ScatterND',
			[away(r, [4, k]), integers([2, 1], [3, 1]), away(r, [2, k])],
			r.next() < 0.5 ? { attributes: { reduction: 'add' } } : {}
		),
	ScatterElements: ({ r, k }) =>
		single(
			'ScatterElements',
			[
				away(r, [4, k]),
				integers(
					[2, k],
					Array.from({ length: 2 * k }, (_, i) => (i < k ? 3 : 1))
				),
				away(r, [2, k])
			],
			{
				attributes: { axis: 0, ...(r.next() < 0.5 ? { reduction: 'add' } : {}) }
			}
		),
	TopK: ({ r, dims, k }) =>
		single('TopK', [distinct(r, [...dims, 4]), ints([k])], {
			outputs: 2,
			attributes: { axis: -1 }
		}),
	Trilu: ({ r, k }) =>
		single('Trilu', [away(r, [2, 3, 4]), constantOf(integers([], [k - 2]))], {
			attributes: { upper: r.integer(2) }
		}),
	ReverseSequence: ({ r }) =>
		single('ReverseSequence', [away(r, [4, 2, 3]), integers([2], [3, 2])], {
			attributes: { batch_axis: 1, time_axis: 0 }
		}),
	OneHot: ({ r }) =>
		single('OneHot', [integers([3], [0, 2, 1]), constantOf(integers([], [4])), away(r, [2])]),
	DepthToSpace: ({ r, k }) =>
		single('DepthToSpace', [away(r, [1, 4 * k, 2, 3])], {
			attributes: { blocksize: 2, mode: r.next() < 0.5 ? 'CRD' : 'DCR' }
		}),
	SpaceToDepth: ({ r, k }) =>
		single('SpaceToDepth', [away(r, [1, k, 4, 6])], { attributes: { blocksize: 2 } }),
	Compress: ({ r }) =>
		single('Compress', [away(r, [3, 2]), constantOf(bools([3], [true, false, true]))], {
			attributes: { axis: 0 }
		})
};

const convolution: Partial<Record<OperatorName, OperatorCase>> = {
	Conv: (d) => {
		const { size, kernel, attributes, batch } = spatial(d);
		const group = d.k;
		return single(
			'Conv',
			[
				away(d.r, [batch, group * 2, ...size]),
				away(d.r, [group * 2, 2, ...kernel]),
				away(d.r, [group * 2])
			],
			{ attributes: { ...attributes, group } }
		);
	},
	ConvTranspose: (d) => {
		const { size, kernel, attributes, batch } = spatial(d);
		const group = d.k;
		const { strides } = attributes;
		const output_padding = (strides as number[]).map((s) => d.r.integer(s));
		const pads = kernel.flatMap(() => [0, 0]);
		return single(
			'ConvTranspose',
			[
				away(d.r, [batch, group * 2, ...size]),
				away(d.r, [group * 2, 2, ...kernel]),
				away(d.r, [group * 2])
			],
			{
				attributes: { ...attributes, group, output_padding, ...(d.r.next() < 0.5 ? { pads } : {}) }
			}
		);
	},
	AveragePool: (d) => {
		const { size, kernel, attributes, batch } = spatial(d, false);
		const pads = attributes['pads'] as number[];
		// With stride ≤ kernel and no padding behind, no window starts in the padding, where
		// onnxruntime's shape inference and its kernel disagree.
		const strides = kernel.map((k) => 1 + d.r.integer(k));
		const ceil_mode = pads.slice(kernel.length).every((size) => size === 0) ? 1 : 0;
		const count_include_pad = d.r.integer(2);
		return single('AveragePool', [away(d.r, [batch, d.k, ...size])], {
			attributes: { strides, pads, kernel_shape: kernel, count_include_pad, ceil_mode }
		});
	},
	MaxPool: (d) => {
		const { size, kernel, attributes, batch } = spatial(d);
		return single('MaxPool', [distinct(d.r, [batch, d.k, ...size])], {
			attributes: { ...attributes, kernel_shape: kernel }
		});
	},
	GlobalAveragePool: ({ r, k }) => single('GlobalAveragePool', [away(r, [2, k, 3, 4])]),
	GlobalMaxPool: ({ r, k }) => single('GlobalMaxPool', [distinct(r, [2, k, 3, 2])]),
	Resize: ({ r, k }) => {
		const mode = ['nearest', 'linear', 'cubic'][r.integer(3)] ?? '';
		const transforms = ['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel'];
		const coordinate_transformation_mode = transforms[r.integer(4)] ?? '';
		const scales = constantOf(floats([4], [1, 1, [2, 1.5, 0.6][r.integer(3)] ?? 1, 2]));
		const sizes = ints([1, k, 7, 5]);
		const by = r.next() < 0.5 ? [undefined, scales] : [undefined, undefined, sizes];
		const attributes = {
			mode,
			coordinate_transformation_mode,
			...(mode === 'nearest'
				? {
						nearest_mode:
							['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'][r.integer(4)] ?? ''
					}
				: {})
		};
		return single('Resize', [away(r, [1, k, 4, 3]), ...by], { attributes });
	},
	Pad: ({ r, dims }) => {
		const mode = ['constant', 'reflect', 'edge'][r.integer(3)] ?? '';
		const size = [...dims.slice(0, 1), 4, 5];
		const pads = Array.from({ length: 6 }, (_, i) =>
			i % 3 === 0 ? 0 : r.integer(3) - (mode === 'constant' ? 1 : 0)
		);
		return single('Pad', [away(r, size), ints(pads)], { attributes: { mode } });
	}
};

const normalisation: Partial<Record<OperatorName, OperatorCase>> = {
	LayerNormalization: ({ r, dims }) => {
		const shape = [...dims, 5];
		const axis = -1 - r.integer(2);
		const tail = shape.slice(axis);
		return single('LayerNormalization', [away(r, shape), away(r, tail), away(r, tail)], {
			attributes: { axis, epsilon: float(1e-3) }
		});
	},
	SimplifiedLayerNormalization: ({ r, dims }) =>
		single('SimplifiedLayerNormalization', [away(r, [...dims, 5]), away(r, [5])], {
			attributes: { axis: -1, epsilon: float(1e-3) }
		}),
	InstanceNormalization: ({ r, k }) =>
		single('InstanceNormalization', [away(r, [2, k, 3, 4]), away(r, [k]), away(r, [k])], {
			attributes: { epsilon: float(1e-3) }
		}),
	GroupNormalization: ({ r, k }) =>
		single('GroupNormalization', [away(r, [2, 2 * k, 3, 2]), away(r, [2 * k]), away(r, [2 * k])], {
			attributes: { num_groups: k, epsilon: float(1e-3) }
		}),
	BatchNormalization: ({ r, k }) =>
		single('BatchNormalization', [
			away(r, [2, k, 3]),
			away(r, [k]),
			away(r, [k]),
			away(r, [k]),
			uniform(r, [k], 0.5, 1.5)
		]),
	MeanVarianceNormalization: ({ r, k }) =>
		single('MeanVarianceNormalization', [away(r, [2, k, 3, 4])]),
	LRN: ({ r, k }) =>
		single('LRN', [away(r, [2, 5, 3, 2])], {
			attributes: { size: k * 2 - 1, alpha: float(0.3), beta: float(0.75), bias: float(1.5) }
		})
};

/** Cases by operator; the conformance test fails for a rule that has none. */
export const OPERATOR_CASES: Partial<Record<OperatorName, OperatorCase>> = {
	...elementwise,
	...matrix,
	...reductions,
	...indexing,
	...convolution,
	...normalisation
};
