"""Seeded, resumable stream of training windows from a mixture of token sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

SETS = ("books", "vitrine", "tinystories", "fairytaleqa")
# Share of windows by phase: books first, the simple stories weighted up and used last.
MIXTURES = {
    "stable": {"books": 0.55, "vitrine": 0.26, "tinystories": 0.15, "fairytaleqa": 0.04},
    "decay": {"books": 0.17, "vitrine": 0.56, "tinystories": 0.26, "fairytaleqa": 0.01},
}


class Pool:
    """One set; every epoch shuffles the documents, joins them and visits all windows once."""

    def __init__(self, path: Path, seed: int):
        with np.load(path) as data:
            self.tokens, self.starts = data["tokens"], data["starts"]
        self.seed, self.epoch, self.cursor, self.length = seed, -1, 0, 0
        self.stream = self.order = np.zeros(0, np.int64)

    def _build(self) -> None:
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.starts) - 1)
        self.stream = np.concatenate(
            [self.tokens[self.starts[d] : self.starts[d + 1]] for d in order] + [[0]]
        ).astype(np.int64)
        offset = random.integers(0, min(self.length, len(self.stream) // 4))
        count = (len(self.stream) - 1 - offset) // self.length
        self.order = random.permutation(count) * self.length + offset

    def take(self, length: int) -> np.ndarray:
        """The next window of `length + 1` tokens."""
        if length != self.length or self.cursor >= len(self.order):
            self.epoch, self.cursor, self.length = self.epoch + 1, 0, length
            self._build()
        start = self.order[self.cursor]
        self.cursor += 1
        return self.stream[start : start + length + 1]

    def state(self) -> list[int]:
        return [self.epoch, self.cursor, self.length]

    def restore(self, state: list[int]) -> None:
        self.epoch, self.cursor, self.length = state
        if self.length:
            self._build()


class Mixture:
    """Draws batches; the whole state is small enough for a checkpoint."""

    def __init__(self, cache: Path, seed: int):
        self.seed = seed
        self.pools = {n: Pool(cache / f"train__{n}.npz", seed + i) for i, n in enumerate(SETS)
                      if (cache / f"train__{n}.npz").exists()}

    def batch(self, step: int, rows: int, length: int, phase: str) -> torch.Tensor:
        """int64 `[rows, length + 1]`; a function of the seed, the step and the pools' state."""
        names = list(self.pools)
        shares = np.array([MIXTURES[phase][n] for n in names])
        random = np.random.default_rng([self.seed, 977, step])
        # Stratified: every batch has nearly the same mixture.
        points = (np.arange(rows) + random.random()) / rows
        chosen = np.searchsorted(np.cumsum(shares / shares.sum()), points).clip(max=len(names) - 1)
        return torch.from_numpy(np.stack([self.pools[names[i]].take(length) for i in chosen]))

    def state(self) -> dict:
        return {n: p.state() for n, p in self.pools.items()}

    def restore(self, state: dict) -> None:
        for n, p in self.pools.items():
            p.restore(state[n])


def validation_windows(cache: Path, prefix: str, count: int, length: int) -> torch.Tensor:
    """`[count, length + 1]` evenly spaced windows of the held-out sets with a name prefix."""
    paths = sorted(cache.glob(f"{prefix}*.npz"))
    stream = np.concatenate([np.load(p)["tokens"] for p in paths]).astype(np.int64)
    starts = np.linspace(0, len(stream) - length - 1, count).astype(int)
    return torch.from_numpy(np.stack([stream[s : s + length + 1] for s in starts]))


def bytes_per_token(cache: Path, prefix: str) -> float:
    """Average over the sets with a name prefix."""
    summary = json.loads((cache / "summary.json").read_text())
    rows = [row for name, row in summary.items() if name.replace("/", "__").startswith(prefix)]
    return sum(r["bytes"] for r in rows) / sum(r["tokens"] for r in rows)
