"""Reductions, softmax family, matrix products and cumulative sums in PyTorch."""

from __future__ import annotations

import torch


def axes_of(a, x, axes):
    """Axes come as an attribute before opset 13 (ReduceSum) or 18 (the others), else as an input;
    none means all, or none at all under `noop_with_empty_axes`."""
    chosen = a.get("axes") if axes is None else axes.tolist()
    if chosen is None or len(chosen) == 0:
        return [] if a.get("noop_with_empty_axes", 0) else list(range(x.dim()))
    return list(chosen)


def reduction(function):
    def apply(a, x, axes=None):
        chosen = sorted((axis % x.dim() for axis in axes_of(a, x, axes)), reverse=True)
        keep = bool(a.get("keepdims", 1))
        return function(x, chosen, keep) if chosen else x

    return apply


def one_by_one(function):
    """For functions that reduce a single axis."""

    def apply(x, axes, keep):
        for axis in axes:
            x = function(x, axis, keep)
        return x

    return apply


def log_sum(x, axes, keep):
    return torch.log(x.sum(axes, keep))


def softmax(function):
    return lambda a, x: function(x, dim=a.get("axis", -1))


def gemm(a, x, y, c=None):
    x = x.T if a.get("transA", 0) else x
    y = y.T if a.get("transB", 0) else y
    result = a.get("alpha", 1.0) * (x @ y)
    return result if c is None else result + a.get("beta", 1.0) * c


def cumulative_sum(a, x, axis):
    axis = int(axis)
    x = x.flip(axis) if a.get("reverse", 0) else x
    total = x.cumsum(axis)
    total = total - x if a.get("exclusive", 0) else total
    return total.flip(axis) if a.get("reverse", 0) else total


def lp_normalise(a, x):
    axis, p = a.get("axis", -1), a.get("p", 2)
    return x / torch.linalg.vector_norm(x, ord=p, dim=axis, keepdim=True)


def arg(function):
    def apply(a, x):
        return function(x, dim=a.get("axis", 0), keepdim=bool(a.get("keepdims", 1)))

    return apply


REDUCTION = {
    "ReduceSum": reduction(lambda x, axes, keep: x.sum(axes, keep)),
    "ReduceMean": reduction(lambda x, axes, keep: x.mean(axes, keep)),
    "ReduceMax": reduction(lambda x, axes, keep: x.amax(axes, keep)),
    "ReduceMin": reduction(lambda x, axes, keep: x.amin(axes, keep)),
    "ReduceProd": reduction(one_by_one(lambda x, axis, keep: x.prod(axis, keep))),
    "ReduceL1": reduction(lambda x, axes, keep: x.abs().sum(axes, keep)),
    "ReduceL2": reduction(lambda x, axes, keep: x.pow(2).sum(axes, keep).sqrt()),
    "ReduceSumSquare": reduction(lambda x, axes, keep: x.pow(2).sum(axes, keep)),
    "ReduceLogSum": reduction(log_sum),
    "ReduceLogSumExp": reduction(lambda x, axes, keep: x.logsumexp(axes, keep)),
    "ArgMax": arg(torch.argmax),
    "ArgMin": arg(torch.argmin),
    "Softmax": softmax(torch.softmax),
    "LogSoftmax": softmax(torch.log_softmax),
    "MatMul": lambda a, x, y: torch.matmul(x, y),
    "Gemm": gemm,
    "Einsum": lambda a, *inputs: torch.einsum(a["equation"], *inputs),
    "CumSum": cumulative_sum,
    "LpNormalization": lp_normalise,
}
