"""The storyteller: a Llama-architecture decoder in plain PyTorch.

This is the reference: evaluation, export, tests and CUDA training use it. `fast.py` computes the
same loss and gradients by hand for the CPU.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional as F


@dataclasses.dataclass(frozen=True)
class Shape:
    """Sizes of a decoder."""

    vocabulary: int = 4096
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 768
    context: int = 512
    rope_theta: float = 10000.0
    eps: float = 1e-5
    head_dim: int = 64

    @property
    def qkv(self) -> int:
        return (self.heads + 2 * self.kv_heads) * self.head_dim


class RMSNorm(nn.Module):
    """Root mean square layer normalisation (Zhang & Sennrich 2019)."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.eps)
        return (x.float() * scale * self.weight).to(x.dtype)


def rope_tables(shape: Shape, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(cos, sin), each `[length, head_dim / 2]` (Su et al. 2021)."""
    half = shape.head_dim // 2
    frequency = shape.rope_theta ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency
    return angle.cos().float(), angle.sin().float()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotates `[..., length, head_dim]`; pairs are (i, i + head_dim / 2) as in Hugging Face."""
    a, b = x.chunk(2, -1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Block(nn.Module):
    """One layer. `qkv` packs query, key and value; `gate_up` packs gate and up."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.norm1 = RMSNorm(shape.width, shape.eps)
        self.qkv = nn.Linear(shape.width, shape.qkv, bias=False)
        self.out = nn.Linear(shape.heads * shape.head_dim, shape.width, bias=False)
        self.norm2 = RMSNorm(shape.width, shape.eps)
        self.gate_up = nn.Linear(shape.width, 2 * shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def forward(self, x, cos, sin, mask, past=None, dropout=0.0):
        s, (batch, length, _) = self.shape, x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, length, -1, s.head_dim).transpose(1, 2)
        q, k, v = qkv.split((s.heads, s.kv_heads, s.kv_heads), 1)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if past is not None:
            k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
        present = (k, v)
        group = s.heads // s.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        scores = (q @ k.transpose(-1, -2)) / math.sqrt(s.head_dim)
        weights = (scores.float() + mask).softmax(-1).to(x.dtype)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, length, -1)
        x = x + F.dropout(self.out(mixed), dropout, self.training)
        gate, up = self.gate_up(self.norm2(x)).chunk(2, -1)
        x = x + F.dropout(self.down(F.silu(gate) * up), dropout, self.training)
        return x, present


class Storyteller(nn.Module):
    """The decoder; input and output embeddings are tied."""

    def __init__(self, shape: Shape, dropout: float = 0.0):
        super().__init__()
        self.shape, self.dropout = shape, dropout
        self.embedding = nn.Parameter(torch.empty(shape.vocabulary, shape.width))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.eps)
        cos, sin = rope_tables(shape, shape.context)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def initialise(self, seed: int) -> "Storyteller":
        """Uniform fan-in matrices; the matrices that write to the residual stream start at zero."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.embedding.normal_(0, 0.02, generator=generator)
            for block in self.blocks:
                for linear in (block.qkv, block.gate_up):
                    bound = math.sqrt(3) * 0.5 / math.sqrt(linear.in_features)
                    linear.weight.uniform_(-bound, bound, generator=generator)
                block.out.weight.zero_()
                block.down.weight.zero_()
        return self

    def forward(self, ids: torch.Tensor, past: list | None = None):
        """ids `[batch, length]` → (logits `[batch, length, vocabulary]`, present per layer)."""
        length, start = ids.shape[1], 0 if past is None else past[0][0].shape[2]
        x = self.embedding[ids]
        if torch.is_autocast_enabled():
            x = x.to(torch.get_autocast_gpu_dtype())
        cos, sin = self.cos[start : start + length], self.sin[start : start + length]
        mask = torch.full((length, start + length), float("-inf"), device=ids.device).triu(start + 1)
        present = []
        for i, block in enumerate(self.blocks):
            x, kv = block(x, cos, sin, mask, None if past is None else past[i], self.dropout)
            present.append(kv)
        return F.linear(self.norm(x), self.embedding.to(x.dtype)), present

    def loss(self, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy in nats."""
        logits, _ = self(ids)
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
