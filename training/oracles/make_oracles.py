"""Writes tests/fixtures/oracles: small networks and single operators with PyTorch's gradients.

    python3 training/oracles/make_oracles.py [NAME …]

Seeded; a second run writes the same bytes. `node tests/fixtures/check_oracles.mjs` then compares
every forward pass with onnxruntime-web. The format is described in tests/fixtures/README.md.
"""

from __future__ import annotations

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../fixtures"))

import torch

from case import Network, compact, solve
from networks_image import IMAGE
from networks_text import TEXT
from operators import write_operators

TARGET = os.path.join(HERE, "../../tests/fixtures/oracles")
NETWORKS = {**TEXT, **IMAGE}


def write_network(name: str, network: Network) -> None:
    folder = os.path.join(TARGET, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    reference = next(iter(network.graphs))
    names = network.names.get(reference, {})
    lines = []
    for case in network.cases:
        answer = solve(case, network.graphs[reference].model(), names)
        head = {"name": case.name, "models": [f"{form}.onnx" for form in case.models]}
        lines.append(compact({**head, **answer}))
    written = {form: g for form, g in network.graphs.items() if form not in network.unwritten}
    for form, graph in written.items():
        graph.save(os.path.join(folder, f"{form}.onnx"))
    called = {f"{form}.onnx": network.names[form] for form in written if form in network.names}
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        file.write(f'{{\n"description": {compact(network.description)},\n"names": {compact(called)},\n')
        file.write('"cases": [\n' + ",\n".join(lines) + "\n]\n}\n")


def main() -> None:
    torch.set_num_threads(1)
    for name in sys.argv[1:] or [*NETWORKS, "operators"]:
        if name == "operators":
            write_operators(os.path.join(TARGET, "operators"))
        else:
            write_network(name, NETWORKS[name]())
        print(name)


if __name__ == "__main__":
    main()
