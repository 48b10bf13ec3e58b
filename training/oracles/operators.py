"""Single operators as oracles: tables of cases, one JSON file a family."""

from __future__ import annotations

import base64
import os
import shutil

import numpy as np

from case import Case, compact, grid, solve
from cases_attention import ATTENTION, FUSED, QUANTISED
from cases_basic import ELEMENTWISE, MATRIX, REDUCTION, SOFTMAX
from cases_image import CONVOLUTION, NORMALISATION, RESAMPLING
from cases_indexing import INDEXING
from onnx_graph import GraphBuilder
from onnx_in_torch import evaluate
from row import Constant, Row

FAMILIES = {
    "elementwise": ELEMENTWISE,
    "reduction": REDUCTION,
    "softmax": SOFTMAX,
    "matrix": MATRIX,
    "convolution": CONVOLUTION,
    "normalisation": NORMALISATION,
    "resampling": RESAMPLING,
    "indexing": INDEXING,
    "fused": FUSED,
    "attention": ATTENTION,
    "quantised": QUANTISED,
}


def build(row: Row, shapes: dict[str, tuple[str, list]]) -> tuple[GraphBuilder, dict]:
    """The graph of one node, and its feeds. `shapes` are the outputs' types and dims."""
    g = GraphBuilder(row.opset, ir_version=8 if row.opset < 19 else 10)
    names, feeds = [], {}
    for index, value in enumerate(row.inputs):
        name = f"x{index}"
        if value is None:
            name = ""
        elif isinstance(value, Constant):
            g.weight(name, value.array)
        else:
            g.input(name, str(value.dtype), list(value.shape))
            feeds[name] = value
        names.append(name)
    outputs = [f"y{i}" if i in row.outputs else "" for i in range(max(row.outputs) + 1)]
    g.node(row.op, *names, outputs=outputs, domain=row.domain, **row.attributes)
    for name, (kind, dims) in shapes.items():
        g.output(name, kind, dims)
    return g, feeds


def describe(row: Row) -> dict[str, tuple[str, list]]:
    """Types and dims of the outputs, by evaluating the node."""
    g, feeds = build(row, {})
    values = evaluate(g.model(), feeds, [])
    kinds = {"torch.float64": "float32", "torch.int64": "int64", "torch.bool": "bool"}
    found = {f"y{i}": values[f"y{i}"] for i in row.outputs}
    return {name: (kinds[str(t.dtype)], list(t.shape)) for name, t in found.items()}


def case_of(row: Row, random: np.random.RandomState) -> dict:
    shapes = describe(row)
    g, feeds = build(row, shapes)
    floats = {name: dims for name, (kind, dims) in shapes.items() if kind == "float32"}
    cotangents = {name: grid(random, dims) for name, dims in floats.items()}
    wrt = [name for name, value in feeds.items() if value.dtype == np.float32]
    model = g.model()
    answer = solve(Case("", [], feeds, cotangents, wrt), model, {})
    data = base64.b64encode(model.SerializeToString(deterministic=True)).decode()
    return {"name": row.title, "op": row.op, "domain": row.domain, "opset": row.opset, "model": data, **answer}


def write_operators(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for index, (family, rows) in enumerate(FAMILIES.items()):
        random = np.random.RandomState(100 + index)
        titles = [row.title for row in rows]
        assert len(set(titles)) == len(titles), [t for t in titles if titles.count(t) > 1]
        lines = ",\n".join(compact(case_of(row, random)) for row in rows)
        with open(os.path.join(folder, family + ".json"), "w", encoding="utf-8") as file:
            file.write(f'{{\n"description": "Single operators: {family}",\n"cases": [\n{lines}\n]\n}}\n')
