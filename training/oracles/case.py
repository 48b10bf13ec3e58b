"""A case: feeds, cotangents and what PyTorch makes of them, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import torch

from onnx_graph import GraphBuilder
from onnx_in_torch import vector_jacobian

TYPES = {"float32": "float32", "float64": "float32", "int64": "int64", "int32": "int32", "bool": "bool",
         "uint8": "uint8"}


def grid(random: np.random.RandomState, shape, low=-1.5, high=1.5) -> np.ndarray:
    """Multiples of 1/64: short in JSON, exact in float32."""
    return np.rint(random.uniform(low, high, shape) * 64).astype(np.float32) / np.float32(64)


@dataclass
class Case:
    """One vector–Jacobian product. `models` are the forms that must give it; the first form of the
    network is what PyTorch evaluates."""

    name: str
    models: list[str]
    feeds: dict[str, np.ndarray]
    cotangents: dict[str, np.ndarray]
    wrt: list[str]


@dataclass
class Network:
    """Forms of one network. `names` says, by form, what a tensor of `wrt` is called there."""

    description: str
    graphs: dict[str, GraphBuilder]
    cases: list[Case]
    names: dict[str, dict[str, str]]
    unwritten: list[str] = field(default_factory=list)


def exact(array: np.ndarray) -> dict:
    """A given tensor."""
    kind = TYPES[str(array.dtype)]
    data = [int(v) if kind != "float32" else float(v) for v in array.reshape(-1)]
    return {"dims": list(array.shape), "type": kind, "data": [short(v) for v in data]}


def computed(tensor: torch.Tensor) -> dict:
    """A computed tensor, seven significant digits."""
    data = [short(float(f"{v:.7g}")) for v in tensor.detach().reshape(-1).tolist()]
    return {"dims": list(tensor.shape), "data": data}


def compact(value) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def short(value):
    """Whole numbers without a decimal point; never -0."""
    return int(value) if value == int(value) else value


def solve(case: Case, model, names: dict[str, str]) -> dict:
    """The case with its outputs and gradients."""
    actual = [names.get(name, name) for name in case.wrt]
    outputs, gradients = vector_jacobian(model, case.feeds, case.cotangents, actual)
    return {
        "feeds": {name: exact(array) for name, array in case.feeds.items()},
        "cotangents": {name: exact(array) for name, array in case.cotangents.items()},
        "outputs": {name: computed(tensor) for name, tensor in outputs.items()},
        "gradients": {name: computed(gradients[a]) for name, a in zip(case.wrt, actual)},
    }
