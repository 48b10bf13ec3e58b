"""Held-out bits per byte of a checkpoint, and files with which eval_onnx.mjs checks the exports.

Simple stories are scored whole, from `<|endoftext|>` on, in one window of the context length (the
few longer ones in further windows). Books are scored in consecutive windows of the context length
without overlap, so the first tokens of a window have little to go by: an upper bound. Bits are
summed over all tokens, the closing `<|endoftext|>` included; bytes are the UTF-8 bytes of the
text. `Words:` headers count as condition only: neither their bits nor their bytes are in the
figure (`with headers` has both).
"""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path

import cpu_environment  # noqa: F401

import numpy as np
import torch
from torch.nn import functional as F

from data import CACHE
from export_onnx import load_model
from model import Storyteller

SIMPLE = ("tinystories", "vitrine")


def windows(path: Path, context: int, limit: int | None) -> list[dict]:
    """Windows `{ids, targets_from, bytes, header_tokens, header_bytes}` of a held-out set.

    `ids` starts with the token before the first one that is scored. With `limit`, about that many
    windows, evenly spaced.
    """
    with np.load(path) as data:
        tokens, starts, lengths = data["tokens"].astype(int), data["starts"], data["bytes"]
        headers, header_bytes = data["header_tokens"], data["header_bytes"]
    rows = []
    for d in range(len(lengths)):
        ids = [*tokens[starts[d] : starts[d + 1]].tolist(), 0]
        for begin in range(0, len(ids) - 1, context):
            part = ids[begin : begin + context + 1]
            rows.append({"ids": part, "header_tokens": int(headers[d]) if begin == 0 else 0,
                         "share": (len(part) - 1) / (len(ids) - 1), "document": d,
                         "bytes": int(lengths[d]), "header_bytes": int(header_bytes[d])})
    if limit and len(rows) > limit:
        rows = [rows[i] for i in np.linspace(0, len(rows) - 1, limit).astype(int)]
    return rows


def token_bytes(tokens: list[str]) -> np.ndarray:
    """Number of UTF-8 bytes of every token of the vocabulary; 0 for the special one."""
    return np.array([0, *(len(t) for t in tokens[1:])])


@torch.no_grad()
def score(model: Storyteller, rows: list[dict], sizes: np.ndarray) -> dict[str, float]:
    """Sums of bits and bytes: `bits`, `bytes` without headers and `all_bits`, `all_bytes`."""
    sums = dict.fromkeys(("bits", "bytes", "all_bits", "all_bytes"), 0.0)
    rows = sorted(rows, key=lambda r: len(r["ids"]))
    for start in range(0, len(rows), 8):
        group = rows[start : start + 8]
        longest = max(len(r["ids"]) for r in group)
        ids = torch.zeros(len(group), longest, dtype=torch.int64)
        for i, r in enumerate(group):
            ids[i, : len(r["ids"])] = torch.tensor(r["ids"])
        logits, _ = model(ids[:, :-1])
        losses = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none") / math.log(2)
        for i, r in enumerate(group):
            n, h = len(r["ids"]) - 1, r["header_tokens"]
            counts = sizes[r["ids"][1:]]
            sums["bits"] += losses[i, h:n].sum().item()
            sums["bytes"] += counts[h:].sum()
            sums["all_bits"] += losses[i, :n].sum().item()
            sums["all_bytes"] += counts.sum()
    return sums


def report(model: Storyteller, cache: Path, sizes: np.ndarray, limit: int | None) -> dict:
    """Bits per byte by set, for all books, and for the simple stories together."""
    groups: dict[str, list[dict]] = {}
    for path in sorted(cache.glob("held__*.npz")):
        name = path.stem.removeprefix("held__").replace("__", "/").replace("_", " ")
        sums = score(model, windows(path, model.shape.context, limit), sizes)
        groups.setdefault(name, []).append(sums)
        if name.startswith("books/"):
            groups.setdefault("books", []).append(sums)
        if name in SIMPLE:
            groups.setdefault("simple stories", []).append(sums)
    result = {}
    for name, parts in groups.items():
        total = {k: sum(p[k] for p in parts) for k in parts[0]}
        result[name] = {"bits_per_byte": round(total["bits"] / total["bytes"], 4),
                        "with_headers": round(total["all_bits"] / total["all_bytes"], 4),
                        "bytes": int(total["bytes"])}
    return result


def write_sample(model: Storyteller, cache: Path, sizes: np.ndarray, path: Path) -> None:
    """A JSON sample of held-out windows with this model's logits, for eval_onnx.mjs."""
    sets = {}
    for file in sorted(cache.glob("held__*.npz")):
        rows = windows(file, model.shape.context, 6 if "books" in file.stem else 24)
        sets[file.stem.removeprefix("held__")] = [
            {"ids": r["ids"], "header_tokens": r["header_tokens"]} for r in rows]
    ids = torch.tensor([next(iter(sets.values()))[0]["ids"][:64]])
    with torch.no_grad():
        logits, _ = model(ids)
    path.write_text(json.dumps({
        "token_bytes": sizes.tolist(), "sets": sets, "check_ids": ids[0].tolist(),
        "check_logits": [[round(v, 6) for v in row] for row in logits[0].tolist()]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--ema", action="store_true")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--limit", type=int, help="windows a set (default: all)")
    parser.add_argument("--sample", type=Path, help="write a sample for eval_onnx.mjs here")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    from bpe import Tokenizer
    from data import MODEL_DIR
    sizes = token_bytes(Tokenizer.load(MODEL_DIR / "tokenizer.json").tokens)
    model = load_model(options.checkpoint, options.ema)
    if options.sample:
        write_sample(model, options.cache, sizes, options.sample)
        return
    result = report(model, options.cache, sizes, options.limit)
    for name, row in result.items():
        print(f"{name:42} {row['bits_per_byte']:.4f} bits/byte  {row['with_headers']:.4f} with headers"
              f"  {row['bytes']} bytes")
    if options.json:
        options.json.write_text(json.dumps(result, indent="\t") + "\n")


if __name__ == "__main__":
    main()
