"""Elementwise, reduction, softmax and matrix cases."""

from __future__ import annotations

import numpy as np

from row import const, ints, row, spread

X = spread(2, 3, 4)


def nudged(x: np.ndarray, steps: int = 1) -> np.ndarray:
    """Shifted a little, so that it equals nothing that `spread` gives: no ties."""
    return x + np.float32(steps / 256)


INSIDE = spread(2, 5, low=-0.9, high=0.9)
POSITIVE = spread(2, 3, 4, low=0.25, high=3)
WIDE = spread(4, 6, low=-4, high=4)

ANY = ["Abs", "Neg", "Exp", "Sin", "Cos", "Atan", "Sinh", "Cosh", "Asinh", "Tanh", "Sigmoid", "Relu",
       "Softplus", "Softsign", "Erf", "Identity", "Floor", "Ceil", "Round", "Sign"]
ELEMENTWISE = [
    *[row(op, [X]) for op in ANY],
    *[row(op, [POSITIVE]) for op in ("Log", "Sqrt", "Reciprocal")],
    *[row(op, [INSIDE]) for op in ("Asin", "Acos", "Atanh", "Tan")],
    row("Acosh", [spread(2, 5, low=1.25, high=4)]),
    row("HardSwish", [WIDE]),
    row("Mish", [WIDE], opset=18),
    row("LeakyRelu", [X], alpha=0.2),
    row("LeakyRelu", [X], "default"),
    row("Elu", [X], alpha=0.7),
    row("Selu", [X]),
    row("Celu", [X], alpha=1.3),
    row("ThresholdedRelu", [X], alpha=0.5),
    row("HardSigmoid", [WIDE], alpha=0.25, beta=0.4),
    row("HardSigmoid", [WIDE], "default"),
    row("Shrink", [X], bias=0.25, lambd=0.5),
    row("Gelu", [WIDE], "erf", opset=20, approximate="none"),
    row("Gelu", [WIDE], "tanh", opset=20, approximate="tanh"),
    row("PRelu", [X, spread(3, 1, low=0.1, high=0.5)], "broadcast slope"),
    row("Clip", [X, const(-0.5, "float32"), const(1.0, "float32")], "both"),
    row("Clip", [X, None, const(0.75, "float32")], "upper only"),
    row("Cast", [X], "float to float", to=1),
    row("Dropout", [X], "inference"),
    *[row(op, [X, nudged(spread(2, 3, 4, key="other"))]) for op in ("Add", "Sub", "Mul", "Max", "Min")],
    *[row(op, [X, spread(3, 1, key="row")], "broadcast second") for op in ("Add", "Sub", "Mul", "Max")],
    *[row(op, [spread(1, 4), spread(3, 1)], "broadcast both") for op in ("Add", "Sub", "Mul", "Min")],
    row("Mul", [spread(), X], "scalar first"),
    row("Add", [X, X + np.float32(0)], "rank 3"),
    row("Div", [X, POSITIVE]),
    row("Div", [spread(3, 4), spread(2, 1, 4, low=0.5, high=2)], "broadcast both"),
    row("Pow", [POSITIVE, spread(2, 3, 4, key="power")], "both"),
    row("Pow", [X, const(2.0, "float32")], "square of signed"),
    row("Pow", [X, const(3.0, "float32")], "cube of signed"),
    row("Pow", [POSITIVE, spread(4, key="power")], "broadcast exponent"),
    row("Pow", [X, const(2)], "integer exponent"),
    row("Mod", [WIDE, nudged(spread(6, low=0.75, high=2))], "fmod", fmod=1),
    row("Sum", [X, spread(4), spread(3, 1)], "three"),
    row("Mean", [X, spread(4), spread(3, 1)], "three"),
    row("Max", [spread(2, 6), nudged(spread(2, 6, key="b")), nudged(spread(6, low=-1), 2)], "three"),
    row("Where", [ints([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], "bool"), X, spread(4)], "broadcast"),
    row("Where", [ints([[1], [0]], "bool"), spread(1, 3), spread(2, 1)], "condition widest"),
]

R = spread(2, 3, 4)
PR = spread(2, 3, 4, low=0.25, high=2)
BY_INPUT = ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"]
REDUCTION = [
    *[row(op, [R], "attribute axes", axes=[1], keepdims=1) for op in [*BY_INPUT, "ReduceProd"]],
    *[row(op, [R, const([-1])], "input axes, dropped", opset=18, keepdims=0) for op in [*BY_INPUT, "ReduceProd"]],
    *[row(op, [R, const([0, 2])], "two axes", opset=18, keepdims=1) for op in BY_INPUT],
    row("ReduceLogSum", [PR], "attribute axes", axes=[2], keepdims=0),
    row("ReduceLogSum", [PR, const([0, 1])], "input axes", opset=18, keepdims=1),
    row("ReduceSum", [R, const([1])], keepdims=1),
    row("ReduceSum", [R, const([-1, 0])], "negative, dropped", keepdims=0),
    row("ReduceSum", [R], "all", keepdims=0),
    row("ReduceSum", [R, const([])], "no axes, no operation", noop_with_empty_axes=1),
    row("ReduceMean", [R], "all", keepdims=1),
    row("ReduceMax", [R], "all", keepdims=0),
    row("ReduceMean", [R, const([1])], "opset 18, kept", opset=18),
    row("CumSum", [R, const(1)]),
    row("CumSum", [R, const(2)], "reverse", reverse=1),
    row("CumSum", [R, const(-1)], "exclusive", exclusive=1),
    row("CumSum", [R, const(0)], "both", exclusive=1, reverse=1),
]

SOFTMAX = [
    row("Softmax", [WIDE]),
    row("Softmax", [R], "axis 1", axis=1),
    row("Softmax", [R], "axis 0", axis=0),
    row("LogSoftmax", [WIDE]),
    row("LogSoftmax", [R], "axis 1", axis=1),
]

A, B = spread(3, 4), spread(4, 5)
MATRIX = [
    row("MatMul", [A, B], "matrices"),
    row("MatMul", [spread(2, 3, 4), B], "batch by matrix"),
    row("MatMul", [spread(2, 3, 4), spread(2, 4, 3)], "batch by batch"),
    row("MatMul", [spread(2, 1, 3, 4), spread(3, 4, 2)], "broadcast batches"),
    row("MatMul", [A, spread(4)], "matrix by vector"),
    row("MatMul", [spread(4), B], "vector by matrix"),
    row("MatMul", [spread(2, 3, 4), spread(4)], "batch by vector"),
    row("MatMul", [spread(4), spread(2, 4, 3)], "vector by batch"),
    row("MatMul", [spread(4, key="a"), spread(4, key="b")], "vectors"),
    row("Gemm", [A, B], "no bias"),
    row("Gemm", [A, B, spread(5)], "row bias"),
    row("Gemm", [A, B, spread(3, 1)], "column bias", alpha=0.5, beta=2.0),
    row("Gemm", [A, B, spread()], "scalar bias", beta=0.5),
    row("Gemm", [spread(4, 3), B, spread(3, 5)], "transposed first", transA=1, alpha=0.5),
    row("Gemm", [A, spread(5, 4), spread(1, 5)], "transposed second", transB=1),
    row("Gemm", [spread(4, 3), spread(5, 4), spread(5)], "both transposed", transA=1, transB=1, beta=0.25),
    row("Einsum", [A, B], "ij,jk->ik", equation="ij,jk->ik"),
    row("Einsum", [spread(2, 3, 4), spread(2, 5, 4)], "bid,bjd->bij", equation="bid,bjd->bij"),
    row("Einsum", [spread(2, 2, 3, 4), spread(2, 2, 5, 4)], "bhid,bhjd->bhij", equation="bhid,bhjd->bhij"),
    row("Einsum", [spread(2, 3, 4), spread(3, 5)], "bij,ik->bkj", equation="bij,ik->bkj"),
    row("Einsum", [spread(3), spread(4)], "outer product", equation="i,j->ij"),
    row("Einsum", [A], "transpose", equation="ij->ji"),
    row("Einsum", [A], "row sums", equation="ij->i"),
    row("Einsum", [spread(2, 3, 4), spread(2, 3, 4, key="b")], "bij,bij->b", equation="bij,bij->b"),
]
