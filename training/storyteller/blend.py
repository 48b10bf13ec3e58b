"""Finishes a release: averages raw and EMA weights and softens the logits.

    python3 blend.py --checkpoint checkpoints/release.pt --out checkpoints/final.pt

The simple stories are few and seen several times, so that the last weights are overconfident:
averaging them with their EMA, and a factor below one on the last norm (a temperature of the logits,
Guo et al. 2017), lower the held-out bits. Both numbers were chosen on 80 held-out simple stories.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from export_onnx import load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--raw", type=float, default=0.5, help="share of the raw weights")
    parser.add_argument("--soften", type=float, default=0.94, help="factor on the last norm")
    options = parser.parse_args()
    state = torch.load(options.checkpoint, map_location="cpu")
    model, averaged = load_model(options.checkpoint, False), load_model(options.checkpoint, True)
    with torch.no_grad():
        for p, e in zip(model.parameters(), averaged.parameters()):
            p.copy_(e.lerp(p, options.raw))
        model.norm.weight.mul_(options.soften)
    kept = {k: state[k] for k in ("shape", "step", "tokens", "decay_start", "config", "seed")}
    torch.save({**kept, "model": model.state_dict(),
                "ema": [p.detach() for p in model.parameters()]}, options.out)


if __name__ == "__main__":
    main()
