"""Shape, indexing and rearranging operators in PyTorch."""

from __future__ import annotations

import math

import torch
from onnx import numpy_helper


def gather(a, x, indices):
    axis = a.get("axis", 0) % x.dim()
    indices = torch.where(indices < 0, indices + x.shape[axis], indices)
    picked = x.index_select(axis, indices.reshape(-1).long())
    return picked.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def gather_elements(a, x, indices):
    axis = a.get("axis", 0) % x.dim()
    indices = torch.where(indices < 0, indices + x.shape[axis], indices)
    return x.gather(axis, indices.long())


def gather_nd(a, x, indices):
    batch = a.get("batch_dims", 0)
    if batch:
        pieces = [gather_nd({"batch_dims": batch - 1}, x[i], indices[i]) for i in range(x.shape[0])]
        return torch.stack(pieces)
    return x[tuple(indices.unbind(-1))]


def scatter_elements(a, x, indices, updates):
    axis = a.get("axis", 0) % x.dim()
    indices = torch.where(indices < 0, indices + x.shape[axis], indices)
    if a.get("reduction", "none") == "add":
        return x.scatter_add(axis, indices, updates)
    return x.scatter(axis, indices, updates)


def scatter_nd(a, x, indices, updates):
    accumulate = a.get("reduction", "none") == "add"
    return x.index_put(tuple(indices.unbind(-1)), updates, accumulate)


def slice_node(a, x, starts, ends, axes=None, steps=None):
    starts, ends = starts.tolist(), ends.tolist()
    axes = list(range(len(starts))) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    for start, end, axis, step in zip(starts, ends, axes, steps):
        size = x.shape[axis]
        picked = list(range(size))[slice(start, None if step < 0 and end < -size else end, step)]
        x = x.index_select(axis, torch.tensor(picked, dtype=torch.long))
    return x


def split(a, x, sizes=None):
    axis = a.get("axis", 0)
    if sizes is not None:
        return x.split(sizes.tolist(), axis)
    return x.split(math.ceil(x.shape[axis] / a["outputs"]), axis)


def expand(a, x, shape):
    return x.expand(torch.broadcast_shapes(x.shape, tuple(shape.tolist())))


def reshape(a, x, shape):
    keep = not a.get("allowzero", 0)
    sizes = [x.shape[i] if s == 0 and keep else s for i, s in enumerate(shape.tolist())]
    return x.reshape(sizes)


def squeeze(a, x, axes=None):
    chosen = [i for i, s in enumerate(x.shape) if s == 1] if axes is None else axes.tolist()
    for axis in sorted((axis % x.dim() for axis in chosen), reverse=True):
        x = x.squeeze(axis)
    return x


def unsqueeze(a, x, axes):
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes.tolist()):
        x = x.unsqueeze(axis)
    return x


def flatten(a, x):
    axis = a.get("axis", 1)
    axis = axis + x.dim() if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:axis]), -1)


def top_k(a, x, k):
    result = x.topk(int(k), a.get("axis", -1), bool(a.get("largest", 1)), True)
    return result.values, result.indices


def triangle(a, x, k=None):
    function = torch.triu if a.get("upper", 1) else torch.tril
    return function(x, 0 if k is None else int(k))


def one_hot(a, indices, depth, values):
    size = int(depth)
    hot = torch.nn.functional.one_hot(indices.remainder(size), size).to(values.dtype)
    result = values[0] + (values[1] - values[0]) * hot
    return result.movedim(-1, a.get("axis", -1))


def compress(a, x, condition):
    if "axis" not in a:
        x, axis = x.reshape(-1), 0
    else:
        axis = a["axis"]
    return x.index_select(axis, condition.nonzero().reshape(-1))


def constant_of_shape(a, shape):
    value = torch.from_numpy(numpy_helper.to_array(a["value"]).copy())
    value = value.double() if value.is_floating_point() else value
    return value.expand(tuple(shape.tolist())).clone()


def transpose(a, x):
    return x.permute(a.get("perm") or list(reversed(range(x.dim()))))


INDEXING = {
    "Shape": lambda a, x: torch.tensor(x.shape[a.get("start", 0) : a.get("end")]),
    "Range": lambda a, start, limit, step: torch.arange(start.item(), limit.item(), step.item()),
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd,
    "Slice": slice_node,
    "Concat": lambda a, *inputs: torch.cat(inputs, a["axis"]),
    "Split": split,
    "Expand": expand,
    "Tile": lambda a, x, repeats: x.repeat(repeats.tolist()),
    "Transpose": transpose,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "TopK": top_k,
    "Trilu": triangle,
    "OneHot": one_hot,
    "Compress": compress,
    "ConstantOfShape": constant_of_shape,
}
