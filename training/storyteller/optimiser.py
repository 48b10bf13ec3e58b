"""Muon for the matrices of the layers, Adam for the embedding and the norms.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) replaces the momentum of a
matrix by its nearest orthogonal matrix, found by five Newton-Schulz steps. Packed matrices are
split first (query, key, value; gate, up), and matrices of the same shape go through as one batch.
"""

from __future__ import annotations

import torch

from model import Storyteller

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(x: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """`[batch, rows <= columns]` matrices → approximately U Vᵀ of each (bfloat16)."""
    a, b, c = COEFFICIENTS
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16()
    for _ in range(steps):
        gram = torch.bmm(x, x.transpose(1, 2))
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


class Optimiser:
    """Holds momenta; `step(fraction)` updates with `fraction` of the peak learning rates."""

    def __init__(self, model: Storyteller, matrix_rate: float, other_rate: float,
                 weight_decay: float):
        self.matrix_rate, self.other_rate = matrix_rate, other_rate
        self.weight_decay = weight_decay
        self.count = 0
        s = model.shape
        heads = (s.heads * 64, s.kv_heads * 64, s.kv_heads * 64)
        self.matrices = [p for b in model.blocks
                         for p in (b.qkv.weight, b.out.weight, b.gate_up.weight, b.down.weight)]
        self.splits = [heads, (s.width,), (s.feed_forward,) * 2, (s.width,)] * s.layers
        known = {id(p) for p in self.matrices}
        self.others = [p for p in model.parameters() if id(p) not in known]
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        self.first = [torch.zeros_like(p) for p in self.others]
        self.second = [torch.zeros_like(p) for p in self.others]

    @torch.no_grad()
    def step(self, fraction: float) -> None:
        """One update from the `.grad`s, which it sets to zero."""
        self.count += 1
        self._step_matrices(self.matrix_rate * fraction)
        self._step_others(self.other_rate * fraction)

    def _step_matrices(self, rate: float, momentum: float = 0.95) -> None:
        momentum = min(momentum, 0.85 + 0.1 * self.count / 300)
        groups: dict[tuple, list] = {}
        for p, m, split in zip(self.matrices, self.momenta, self.splits):
            m.lerp_(p.grad, 1 - momentum)
            looking_ahead = p.grad.lerp(m, momentum)  # Nesterov
            p.grad.zero_()
            p.mul_(1 - rate * self.weight_decay)
            for target, u in zip(p.split(split), looking_ahead.split(split)):
                wide = u if u.shape[0] <= u.shape[1] else u.t()
                groups.setdefault(wide.shape, []).append((target, u is wide, wide))
        for members in groups.values():
            updates = orthogonalise(torch.stack([wide for _, _, wide in members])).float()
            for (target, same, _), update in zip(members, updates):
                scale = max(1.0, target.shape[0] / target.shape[1]) ** 0.5
                target.add_(update if same else update.t(), alpha=-rate * scale)

    def _step_others(self, rate: float, beta1: float = 0.9, beta2: float = 0.95) -> None:
        for p, m, v in zip(self.others, self.first, self.second):
            m.lerp_(p.grad, 1 - beta1)
            v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            correction1, correction2 = 1 - beta1**self.count, 1 - beta2**self.count
            p.addcdiv_(m, (v / correction2).sqrt_().add_(1e-10), value=-rate / correction1)
            p.grad.zero_()

    def state_dict(self) -> dict:
        return {"count": self.count, "momenta": self.momenta, "first": self.first,
                "second": self.second}

    def load_state_dict(self, state: dict) -> None:
        self.count = state["count"]
        for name in ("momenta", "first", "second"):
            for own, loaded in zip(getattr(self, name), state[name]):
                own.copy_(loaded)
