"""Evaluates an ONNX graph with PyTorch in double precision, so that autograd gives its gradients.

The fused forms of the networks are not evaluated: they are compared with the standard form. The
operators are in the `ops_*` files, one function each: `f(node_attributes, *inputs)`.
"""

from __future__ import annotations

import numpy as np
import torch
from onnx import ModelProto, helper, numpy_helper

from ops_contrib import CONTRIB
from ops_elementwise import ELEMENTWISE
from ops_indexing import INDEXING
from ops_network import NETWORK
from ops_reduction import REDUCTION

OPERATORS = {**CONTRIB, **ELEMENTWISE, **REDUCTION, **NETWORK, **INDEXING}


def to_torch(array: np.ndarray) -> torch.Tensor:
    """Floats become double; integers and booleans stay."""
    tensor = torch.from_numpy(np.array(array))
    return tensor.double() if tensor.is_floating_point() else tensor


def evaluate(model: ModelProto, feeds: dict[str, np.ndarray], leaves: list[str]) -> dict:
    """Every tensor of the graph by name. Those named in `leaves` (inputs, initializers or inner
    tensors) are cut off from what they came from and record gradients."""
    opset = next(o.version for o in model.opset_import if o.domain == "")
    values: dict[str, torch.Tensor] = {"": None}

    def store(name: str, tensor: torch.Tensor) -> None:
        if name in leaves:
            tensor = tensor.detach().clone().requires_grad_(True)
        values[name] = tensor

    for name, array in feeds.items():
        store(name, to_torch(array))
    for initializer in model.graph.initializer:
        store(initializer.name, to_torch(numpy_helper.to_array(initializer)))
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        attributes = {k: v.decode() if isinstance(v, bytes) else v for k, v in attributes.items()}
        attributes["opset"] = opset
        attributes["outputs"] = len(node.output)
        results = OPERATORS[node.op_type](attributes, *(values[name] for name in node.input))
        results = results if isinstance(results, (tuple, list)) else [results]
        for name, result in zip(node.output, results):
            if name:
                store(name, result)
    return values


def vector_jacobian(model, feeds, cotangents: dict[str, np.ndarray], wrt: list[str]):
    """(outputs, gradients) of Σ ⟨output, cotangent⟩ for the tensors named in `wrt`."""
    values = evaluate(model, feeds, wrt)
    total = sum((values[n] * to_torch(c)).sum() for n, c in cotangents.items())
    leaves = [values[name] for name in wrt]
    if total.requires_grad:
        gradients = torch.autograd.grad(total, leaves, allow_unused=True)
    else:
        gradients = [None] * len(leaves)
    filled = [torch.zeros_like(v) if g is None else g for v, g in zip(leaves, gradients)]
    outputs = {name: values[name].detach() for name in cotangents}
    return outputs, dict(zip(wrt, filled))
