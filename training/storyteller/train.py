"""Trains the storyteller: warm-up, stable, decay; resumable.

    python3 train.py                                  # stable phase, until stopped or --steps
    python3 train.py --decay-from checkpoints/latest.pt --decay-steps 1000   # makes a release

A run that finds its own checkpoint goes on from it. See ../README.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import signal
import time
from pathlib import Path

import cpu_environment  # noqa: F401  (before torch: may restart the process)

import torch

from batches import Mixture, bytes_per_token, validation_windows
from data import CACHE, HERE
from model import Shape, Storyteller
from optimiser import Optimiser


@dataclasses.dataclass(frozen=True)
class Config:
    """What `--config` chooses."""

    shape: Shape
    batch_tokens: int
    micro_tokens: int
    length: int = 256
    decay_length: int = 512
    matrix_rate: float = 0.012
    other_rate: float = 0.003
    weight_decay: float = 0.1
    warm_up: int = 60
    ema: float = 0.999
    dropout: float = 0.0


CONFIGS = {
    "cpu": Config(Shape(), batch_tokens=4096, micro_tokens=2048),
    "cuda": Config(Shape(layers=11, feed_forward=768), batch_tokens=65536, micro_tokens=65536, length=512,
                   dropout=0.1),
    "tiny": Config(Shape(width=64, layers=2, heads=2, kv_heads=1, feed_forward=96),
                   batch_tokens=512, micro_tokens=256, length=64, decay_length=64, warm_up=2),
}


class Trainer:
    """Model, optimiser, data position and EMA, with one `step`."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.config = options, CONFIGS[options.config]
        c = self.config
        torch.manual_seed(options.seed)
        self.device = "cuda" if options.config == "cuda" else "cpu"
        self.model = Storyteller(c.shape, c.dropout).initialise(options.seed).to(self.device)
        self.optimiser = Optimiser(self.model, c.matrix_rate * options.rate,
                                   c.other_rate * options.rate, c.weight_decay)
        self.ema = [p.detach().clone() for p in self.model.parameters()]
        self.mixture = Mixture(options.cache, options.seed)
        self.step_index, self.tokens, self.seconds = 0, 0, 0.0
        self.decay_start: int | None = None
        self.fast = None
        if self.device == "cpu":
            from fast import FastStep
            self.fast = FastStep(self.model)
        else:
            for p in self.model.parameters():
                p.grad = torch.zeros_like(p)

    @property
    def phase(self) -> str:
        return "stable" if self.decay_start is None else "decay"

    def rate(self) -> float:
        """Fraction of the peak rate: linear warm-up, constant, linear decay to zero."""
        if self.decay_start is None:
            return min(1.0, (self.step_index + 1) / self.config.warm_up)
        return max(0.0, 1 - (self.step_index - self.decay_start + 0.5) / self.options.decay_steps)

    def step(self) -> float:
        """One optimiser step; returns the mean loss in nats."""
        c, started = self.config, time.perf_counter()
        length = c.length if self.decay_start is None else c.decay_length
        rows, micro = c.batch_tokens // length, max(1, c.micro_tokens // length)
        batch = self.mixture.batch(self.step_index, rows, length, self.phase)
        # Shuffled so that no micro-batch holds one set only; irrelevant to the result.
        total, scale = 0.0, 1.0 / (rows * length)
        for start in range(0, rows, micro):
            ids = batch[start : start + micro, :-1].contiguous()
            targets = batch[start : start + micro, 1:].contiguous()
            total += self._accumulate(ids, targets, scale)
        self.optimiser.step(self.rate())
        if self.fast:
            self.fast.refresh()
        weight = max(1 - c.ema, 1 / (self.step_index + 1))
        with torch.no_grad():
            for e, p in zip(self.ema, self.model.parameters()):
                e.lerp_(p, weight)
        self.step_index += 1
        self.tokens += rows * length
        self.seconds += time.perf_counter() - started
        return total * scale

    def _accumulate(self, ids: torch.Tensor, targets: torch.Tensor, scale: float) -> float:
        if self.fast:
            return self.fast.accumulate(ids, targets, scale)
        self.model.train()
        with torch.autocast("cuda", torch.bfloat16):
            loss = self.model.loss(ids.to(self.device), targets.to(self.device))
        (loss * (ids.numel() * scale)).backward()
        return loss.item() * ids.numel()

    @torch.no_grad()
    def validate(self, windows: torch.Tensor, averaged: bool) -> float:
        """Mean loss in nats of the raw or of the averaged weights."""
        parameters = list(self.model.parameters())
        raw = [p.detach().clone() for p in parameters]
        if averaged:
            for p, e in zip(parameters, self.ema):
                p.copy_(e)
        self.model.eval()
        losses = [self.model.loss(w[:, :-1].to(self.device), w[:, 1:].to(self.device)).item()
                  for w in windows.split(8)]
        for p, r in zip(parameters, raw):
            p.copy_(r)
        return sum(losses) / len(losses)

    def save(self, path: Path) -> None:
        """Writes everything a resumed run needs, atomically."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "shape": dataclasses.asdict(self.config.shape), "model": self.model.state_dict(),
            "ema": self.ema, "optimiser": self.optimiser.state_dict(),
            "mixture": self.mixture.state(), "step": self.step_index, "tokens": self.tokens,
            "seconds": self.seconds, "decay_start": self.decay_start, "rng": torch.get_rng_state(),
            "config": self.options.config, "seed": self.options.seed,
        }
        temporary = path.with_suffix(".partial")
        torch.save(state, temporary)
        os.replace(temporary, path)

    def load(self, path: Path) -> None:
        """Restores what `save` wrote."""
        state = torch.load(path, map_location=self.device)
        if state["shape"] != dataclasses.asdict(self.config.shape):
            raise SystemExit(f"{path} has another shape: {state['shape']}; choose its --config")
        self.model.load_state_dict(state["model"])
        for e, loaded in zip(self.ema, state["ema"]):
            e.copy_(loaded)
        self.optimiser.load_state_dict(state["optimiser"])
        self.mixture.restore(state["mixture"])
        self.step_index, self.tokens = state["step"], state["tokens"]
        self.seconds, self.decay_start = state["seconds"], state["decay_start"]
        torch.set_rng_state(state["rng"].cpu())
        if self.fast:
            self.fast.refresh()


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", choices=CONFIGS, default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--checkpoints", type=Path, default=HERE / "checkpoints")
    parser.add_argument("--steps", type=int, help="stop the stable phase here")
    parser.add_argument("--rate", type=float, default=1.0, help="factor on all learning rates")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-every", type=float, default=180, help="seconds")
    parser.add_argument("--keep-every", type=int, default=1000, help="steps between kept checkpoints")
    parser.add_argument("--validate-every", type=int, default=200, help="steps")
    parser.add_argument("--decay-from", type=Path, help="decay this stable checkpoint")
    parser.add_argument("--decay-steps", type=int, default=1000)
    parser.add_argument("--name", help="name of the decayed checkpoint (default: release)")
    options = parser.parse_args(arguments)
    options.name = options.name or ("release" if options.decay_from else "latest")
    return options


def prepare(options: argparse.Namespace) -> Trainer:
    """A trainer, resumed where there is a checkpoint of this run."""
    torch.set_num_threads(options.threads)
    trainer = Trainer(options)
    own = options.checkpoints / f"{options.name}.pt"
    if own.exists():
        trainer.load(own)
        print(f"resumed {own.name} at step {trainer.step_index}", flush=True)
    elif options.decay_from:
        trainer.load(options.decay_from)
        trainer.decay_start = trainer.step_index
    return trainer


def main(arguments: list[str] | None = None) -> Trainer:
    options = parse(arguments)
    trainer = prepare(options)
    path = options.checkpoints / f"{options.name}.pt"
    end = options.steps or 1 << 60
    if trainer.decay_start is not None:
        end = trainer.decay_start + options.decay_steps
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, _: stop.append(n))
    checks = {n: (validation_windows(options.cache, f"held__{n}", 48, 256),
                  bytes_per_token(options.cache, f"held__{n}"))
              for n in ("books", "tinystories", "vitrine")
              if list(options.cache.glob(f"held__{n}*.npz"))}
    log = (options.checkpoints / "log.jsonl")
    log.parent.mkdir(parents=True, exist_ok=True)
    saved, losses = time.monotonic(), []
    while trainer.step_index < end and not stop:
        losses.append(trainer.step())
        if trainer.step_index % 20 == 0:
            mean, losses = sum(losses) / len(losses), []
            print(f"{trainer.phase} step {trainer.step_index} loss {mean:.4f} rate {trainer.rate():.3f}"
                  f" {trainer.tokens / 1e6:.2f} M tokens {trainer.tokens / trainer.seconds:.0f}/s",
                  flush=True)
        if trainer.step_index % options.validate_every == 0 or trainer.step_index == end:
            row = {"step": trainer.step_index, "tokens": trainer.tokens, "phase": trainer.phase,
                   "seconds": round(trainer.seconds)}
            for name, (windows, ratio) in checks.items():
                for kind in ("raw", "ema"):
                    nats = trainer.validate(windows, kind == "ema")
                    row[f"{name}_{kind}"] = round(nats / math.log(2) / ratio, 4)
            print(f"bits per byte, quick: {row}", flush=True)
            with log.open("a") as file:
                file.write(json.dumps(row) + "\n")
        if time.monotonic() - saved > options.save_every:
            trainer.save(path)
            saved = time.monotonic()
        if trainer.decay_start is None and trainer.step_index % options.keep_every == 0:
            trainer.save(options.checkpoints / f"stable-{trainer.step_index:06}.pt")
    trainer.save(path)
    return trainer


if __name__ == "__main__":
    main()
