"""One row of an operator table, and the inputs that rows are made of."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

MICROSOFT = "com.microsoft"


@dataclass
class Constant:
    """An input that is an initializer: shapes, axes, packed weights."""

    array: np.ndarray


@dataclass
class Row:
    title: str
    op: str
    inputs: list
    attributes: dict
    opset: int
    outputs: list[int]
    domain: str


def row(op: str, inputs: list, note: str = "", opset: int = 17, outputs=(0,), domain: str = "", **attributes) -> Row:
    title = f"{op} {note}".strip()
    return Row(title, op, inputs, attributes, opset, list(outputs), domain)


def spread(*shape: int, low: float = -1.5, high: float = 1.5, key: str = "") -> np.ndarray:
    """Distinct values in an order drawn from the shape and `key`: odd multiples of a power of two,
    so that no two are equal and none sits on a kink (0, ±0.5, ±1, ±3)."""
    count = int(np.prod(shape))
    step = 2.0 ** np.floor(np.log2((high - low) / max(count, 2)))
    random = np.random.RandomState(zlib.crc32(f"{shape} {key}".encode()))
    values = np.floor(low / step) * step + (random.permutation(count) + 0.5) * step
    return values.astype(np.float32).reshape(shape)


def ints(values, kind: str = "int64") -> np.ndarray:
    return np.array(values, dtype=kind)


def const(values, kind: str = "int64") -> Constant:
    return Constant(np.array(values, dtype=kind))
