"""Loss and gradients of the storyteller by hand, for one CPU core.

Matrix products run in bfloat16 (oneDNN; twice the speed of float32 on CPUs with avx512_bf16), the
residual stream, norms and sums in float32, everything element-wise in the kernels of `kernels.c`.
Nothing is allocated in a step. Names: T tokens, D width, F feed-forward width.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import torch

from model import Shape, Storyteller, rope_tables

HEAD_CHUNK = 1024


def compile_kernels() -> ctypes.CDLL:
    """Builds `kernels.c` for this machine, once per content. Needs gcc."""
    source = Path(__file__).with_name("kernels.c")
    flags = ["-O3", "-march=native", "-mprefer-vector-width=512", "-ffast-math", "-shared", "-fPIC"]
    key = hashlib.sha256(source.read_bytes() + " ".join(flags).encode()).hexdigest()[:16]
    folder = Path(__file__).with_name("cache")
    folder.mkdir(exist_ok=True)
    library = folder / f"kernels-{key}.so"
    if not library.exists():
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".so", delete=False) as file:
            pass
        subprocess.run(["gcc", *flags, str(source), "-o", file.name, "-lm"], check=True)
        os.replace(file.name, library)
    kernels = ctypes.CDLL(str(library))
    kernels.cross_entropy.restype = ctypes.c_double
    return kernels


def _call(function, *arguments):
    """Calls a kernel: tensors as pointers, ints as long, floats as float."""
    def convert(a):
        if a is None:
            return ctypes.c_void_p(None)
        if isinstance(a, torch.Tensor):
            assert a.is_contiguous()
            return ctypes.c_void_p(a.data_ptr())
        return ctypes.c_float(a) if isinstance(a, float) else ctypes.c_long(a)
    return function(*map(convert, arguments))


class FastStep:
    """Accumulates gradients of micro-batches `[batch, length]` into float32 `.grad`s."""

    def __init__(self, model: Storyteller):
        self.model, self.shape = model, model.shape
        self.k = compile_kernels()
        self.buffers: dict[tuple, dict] = {}
        self.low: list[torch.Tensor] = []
        for p in model.parameters():
            p.grad = torch.zeros_like(p)
        self.matrices = [model.embedding, *(getattr(b, n).weight for b in model.blocks
                                            for n in ("qkv", "out", "gate_up", "down"))]
        self.low = [torch.empty_like(m, dtype=torch.bfloat16) for m in self.matrices]
        self.temporary = {m.shape: torch.empty_like(m, dtype=torch.bfloat16) for m in self.matrices}
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """Copies the float32 weights to bfloat16; call after every optimiser step."""
        for low, matrix in zip(self.low, self.matrices):
            low.copy_(matrix)

    def _buffers(self, batch: int, length: int) -> dict:
        key = (batch, length)
        if key in self.buffers:
            return self.buffers[key]
        s, tokens = self.shape, batch * length
        group = s.heads // s.kv_heads

        def low(*sizes):
            return torch.empty(*sizes, dtype=torch.bfloat16)

        def layer():
            return {
                "x1": torch.empty(tokens, s.width), "r1": torch.empty(tokens),
                "h1": low(tokens, s.width), "x2": torch.empty(tokens, s.width),
                "r2": torch.empty(tokens), "h2": low(tokens, s.width),
                "q": low(batch * s.kv_heads, group * length, 64),
                "k": low(batch * s.kv_heads, length, 64), "v": low(batch * s.kv_heads, length, 64),
                "p": low(batch * s.kv_heads, group * length, length),
                "mixed": low(tokens, s.heads * 64),
                "gu": low(tokens, 2 * s.feed_forward), "a": low(tokens, s.feed_forward),
            }

        shared = layer()
        shared.update(
            layers=[layer() for _ in range(s.layers)], x=torch.empty(tokens, s.width),
            qkv=low(tokens, s.qkv), o=low(batch * s.kv_heads, group * length, 64),
            y=low(tokens, s.width), dx=torch.empty(tokens, s.width), g=low(tokens, s.width),
            logits=low(HEAD_CHUNK, s.vocabulary),
        )
        shared["cos"], shared["sin"] = (t.contiguous() for t in rope_tables(s, length))
        self.buffers[key] = shared
        return shared

    def _weight_gradient(self, grad: torch.Tensor, d: torch.Tensor, x: torch.Tensor) -> None:
        t = self.temporary[grad.shape]
        torch.mm(d.t(), x, out=t)
        grad.add_(t)

    @torch.no_grad()
    def accumulate(self, ids: torch.Tensor, targets: torch.Tensor, scale: float) -> float:
        """Adds `scale` × the summed loss's gradient; returns the summed loss in nats.

        ids, targets: int64 `[batch, length]`, contiguous.
        """
        b = self._buffers(*ids.shape)
        self._forward(b, ids)
        loss = self._head(b, targets.reshape(-1), scale)
        for index in reversed(range(self.shape.layers)):
            self._block_backward(b, index, *ids.shape)
        _call(self.k.embedding_backward, b["dx"], ids, self.model.embedding.grad, ids.numel(),
              self.shape.width)
        return loss

    def _forward(self, b: dict, ids: torch.Tensor) -> None:
        s, k, (batch, length) = self.shape, self.k, ids.shape
        tokens, group = batch * length, s.heads // s.kv_heads
        torch.index_select(self.model.embedding, 0, ids.reshape(-1), out=b["x"])
        add = None
        for index, block in enumerate(self.model.blocks):
            c = b["layers"][index]
            qkv, out, gate_up, down = self.low[1 + 4 * index : 5 + 4 * index]
            _call(k.rms_forward, b["x"], add, block.norm1.weight, c["h1"], c["r1"], c["x1"],
                  tokens, s.width, s.eps)
            torch.mm(c["h1"], qkv.t(), out=b["qkv"])
            _call(k.rope_forward, b["qkv"], b["cos"], b["sin"], c["q"], c["k"], c["v"], batch,
                  length, s.kv_heads, group, s.head_dim ** -0.5)
            torch.bmm(c["q"], c["k"].transpose(1, 2), out=c["p"])
            _call(k.softmax_forward, c["p"], batch * s.heads, length, length, 0)
            torch.bmm(c["p"], c["v"], out=b["o"])
            _call(k.heads_to_tokens, b["o"], c["mixed"], batch, s.heads, length)
            torch.mm(c["mixed"], out.t(), out=b["y"])
            _call(k.rms_forward, b["x"], b["y"], block.norm2.weight, c["h2"], c["r2"], c["x2"],
                  tokens, s.width, s.eps)
            torch.mm(c["h2"], gate_up.t(), out=c["gu"])
            _call(k.swiglu_forward, c["gu"], c["a"], tokens, s.feed_forward)
            torch.mm(c["a"], down.t(), out=b["y"])
            add = b["y"]
        _call(k.rms_forward, b["x"], add, self.model.norm.weight, b["h1"], b["r1"], b["x1"],
              tokens, s.width, s.eps)

    def _head(self, b: dict, targets: torch.Tensor, scale: float) -> float:
        s, tokens, loss = self.shape, len(targets), 0.0
        for start in range(0, tokens, HEAD_CHUNK):
            h = b["h1"][start : start + HEAD_CHUNK]
            logits = b["logits"][: len(h)]
            torch.mm(h, self.low[0].t(), out=logits)
            loss += _call(self.k.cross_entropy, logits, targets[start : start + HEAD_CHUNK],
                          len(h), s.vocabulary, scale)
            self._weight_gradient(self.model.embedding.grad, logits, h)
            torch.mm(logits, self.low[0], out=b["y"][start : start + HEAD_CHUNK])
        b["dx"].zero_()
        _call(self.k.rms_backward, b["y"], b["x1"], self.model.norm.weight, b["r1"], b["dx"],
              self.model.norm.weight.grad, b["g"], tokens, s.width)
        return loss

    def _block_backward(self, b: dict, index: int, batch: int, length: int) -> None:
        s, k, c, block = self.shape, self.k, b["layers"][index], self.model.blocks[index]
        tokens, group = batch * length, s.heads // s.kv_heads
        qkv, out, gate_up, down = self.low[1 + 4 * index : 5 + 4 * index]
        self._weight_gradient(block.down.weight.grad, b["g"], c["a"])
        torch.mm(b["g"], down, out=c["a"])
        _call(k.swiglu_backward, c["gu"], c["a"], tokens, s.feed_forward)
        self._weight_gradient(block.gate_up.weight.grad, c["gu"], c["h2"])
        torch.mm(c["gu"], gate_up, out=b["y"])
        _call(k.rms_backward, b["y"], c["x2"], block.norm2.weight, c["r2"], b["dx"],
              block.norm2.weight.grad, b["g"], tokens, s.width)
        self._weight_gradient(block.out.weight.grad, b["g"], c["mixed"])
        torch.mm(b["g"], out, out=b["mixed"])
        _call(k.tokens_to_heads, b["mixed"], b["o"], batch, s.heads, length)
        torch.bmm(c["p"].transpose(1, 2), b["o"], out=b["v"])
        torch.bmm(b["o"], c["v"].transpose(1, 2), out=b["p"])
        _call(k.softmax_backward, c["p"], b["p"], batch * s.heads, length, length, 0)
        torch.bmm(b["p"], c["k"], out=b["q"])
        torch.bmm(b["p"].transpose(1, 2), c["q"], out=b["k"])
        _call(k.rope_backward, b["q"], b["k"], b["v"], b["cos"], b["sin"], b["qkv"], batch, length,
              s.kv_heads, group, s.head_dim ** -0.5)
        self._weight_gradient(block.qkv.weight.grad, b["qkv"], c["h1"])
        torch.mm(b["qkv"], qkv, out=b["y"])
        _call(k.rms_backward, b["y"], c["x1"], block.norm1.weight, c["r1"], b["dx"],
              block.norm1.weight.grad, b["g"], tokens, s.width)
