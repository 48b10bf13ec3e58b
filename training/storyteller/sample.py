"""Prints JSON of ten unselected samples: seed i continues the header of held-out story i."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from bpe import Tokenizer
from data import HERE, MODEL_DIR, documents, split_simple
from export_onnx import load_model
from model import Storyteller

TEMPERATURE, TOP_P = 0.8, 0.95


@torch.no_grad()
def generate(model: Storyteller, ids: list[int], seed: int, limit: int) -> list[int]:
    """Up to `limit` sampled ids after `ids`, without the closing `<|endoftext|>` (id 0)."""
    generator = torch.Generator().manual_seed(seed)
    feed, past, out = torch.tensor([ids]), None, []
    while len(out) < limit:
        logits, past = model(feed, past)
        order = (logits[0, -1] / TEMPERATURE).softmax(-1).sort(descending=True)
        kept = order.values.cumsum(0) - order.values < TOP_P
        choice = torch.multinomial(order.values * kept, 1, generator=generator)
        token = int(order.indices[choice])
        if token == 0:
            break
        out.append(token)
        feed = torch.tensor([[token]])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--ema", action="store_true")
    parser.add_argument("--tokens", type=int, default=300)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(options.checkpoint, options.ema)
    tokenizer = Tokenizer.load(MODEL_DIR / "tokenizer.json")
    _, held = split_simple(documents(HERE / "data" / "vitrine.txt.gz"))
    samples = []
    for seed in range(10):
        prompt = held[seed].split("\n", 1)[0] + "\n"
        ids = generate(model, [0, *tokenizer.encode(prompt)], seed, options.tokens)
        samples.append({"seed": seed, "prompt": prompt, "text": tokenizer.decode(ids),
                        "finished": len(ids) < options.tokens})
    json.dump(samples, sys.stdout, indent="\t", ensure_ascii=False)


if __name__ == "__main__":
    main()
