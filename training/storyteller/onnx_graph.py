"""A small builder for ONNX graphs: nodes are added in order, names are made where none is given."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"
FLOAT, INT64, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32


class GraphBuilder:
    """Collects nodes, initializers, inputs and outputs of one graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    def constant(self, name: str, array: np.ndarray) -> str:
        """An initializer; a name given before returns the first."""
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def ints(self, *values: int) -> str:
        """A one-dimensional int64 constant."""
        return self.constant("ints_" + "_".join(map(str, values)).replace("-", "m"),
                             np.array(values, np.int64))

    def scalar(self, value: int) -> str:
        """An int64 constant without dimensions."""
        return self.constant(f"scalar_{value}".replace("-", "m"), np.array(value, np.int64))

    def add(self, kind: str, *inputs: str, domain: str = "", outputs: list[str] | int = 1,
            **attributes) -> str | list[str]:
        """Adds a node; returns its output name, or the list if there are several."""
        self._count += 1
        if isinstance(outputs, int):
            suffixes = [""] if outputs == 1 else [f"_{i}" for i in range(outputs)]
            outputs = [f"{kind}_{self._count}{s}" for s in suffixes]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=f"{kind}_{self._count}",
                                           domain=domain, **attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def input(self, name: str, kind: int, dims: list) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, dims))
        return name

    def output(self, name: str, kind: int, dims: list) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, kind, dims))

    def model(self, opset: int, contrib: bool) -> onnx.ModelProto:
        """The finished model."""
        graph = helper.make_graph(self.nodes, "storyteller", self.inputs, self.outputs,
                                  list(self.initializers.values()))
        opsets = [helper.make_opsetid("", opset)]
        if contrib:
            opsets.append(helper.make_opsetid(CONTRIB, 1))
        model = helper.make_model(graph, opset_imports=opsets, producer_name="vitrine")
        model.ir_version = 8
        return model
