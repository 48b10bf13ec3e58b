"""Fused, attention and quantised cases."""

from __future__ import annotations

import numpy as np

from decoder_fused import quantise_q4
from row import MICROSOFT, const, ints, row, spread

M = {"domain": MICROSOFT}
X, SKIP = spread(2, 3, 8), spread(2, 3, 8, key="skip")
GAMMA, BETA, BIAS = spread(8, low=0.5), spread(8, key="beta"), spread(8, key="bias")

FUSED = [
    row("SimplifiedLayerNormalization", [X, GAMMA], axis=-1, epsilon=1e-4, stash_type=1),
    row("SkipSimplifiedLayerNormalization", [X, SKIP, GAMMA], "output only", epsilon=1e-4, **M),
    row("SkipSimplifiedLayerNormalization", [X, SKIP, GAMMA, BIAS], "bias and sum", outputs=(0, 3), epsilon=1e-4, **M),
    row("SkipLayerNormalization", [X, SKIP, GAMMA, BETA], "output only", epsilon=1e-4, **M),
    row("SkipLayerNormalization", [X, SKIP, GAMMA, BETA, BIAS], "bias and sum", outputs=(0, 3), epsilon=1e-4, **M),
    row("FastGelu", [X], **M),
    row("FastGelu", [X, BIAS], "bias", **M),
    row("BiasGelu", [X, BIAS], **M),
    row("Gelu", [X], "com.microsoft", **M),
    row("QuickGelu", [X], alpha=1.702, **M),
    row("FusedMatMul", [spread(2, 3, 4), spread(2, 5, 4)], "transposed second", transB=1, alpha=0.5, **M),
    row("FusedMatMul", [spread(4, 3), spread(4, 5)], "transposed first", transA=1, **M),
    row("FusedConv", [spread(1, 2, 5, 5), spread(3, 2, 3, 3), spread(3)], "Relu", activation="Relu",
        kernel_shape=[3, 3], pads=[1, 1, 1, 1], **M),
    row("FusedConv", [spread(1, 2, 5, 5), spread(3, 2, 3, 3), spread(3)], "LeakyRelu", activation="LeakyRelu",
        activation_params=[0.1], kernel_shape=[3, 3], strides=[2, 2], **M),
]


def tables(positions: int, half: int) -> list[np.ndarray]:
    """cos and sin `[positions, half]`, rounded so that they are short and exact."""
    angle = np.arange(positions)[:, None] * 10.0 ** -np.arange(half)
    return [(np.rint(f(angle) * 1024) / 1024).astype(np.float32) for f in (np.cos, np.sin)]


COS, SIN = (const(t.tolist(), "float32") for t in tables(8, 8))
COS4, SIN4 = (const(t.tolist(), "float32") for t in tables(8, 4))
EMPTY = np.zeros((1, 2, 0, 16), np.float32)
PAST = [spread(1, 2, 3, 16, key="k"), spread(1, 2, 3, 16, key="v")]
Q, K, V = spread(1, 3, 64), spread(1, 3, 32, key="k"), spread(1, 3, 32, key="v")
GQA = {"num_heads": 4, "kv_num_heads": 2, **M}


def lengths(total: int) -> list:
    """seqlens_k and total_sequence_length."""
    return [const([total - 1], "int32"), const(total, "int32")]


HQ, HK, HV = (spread(1, heads, 3, 4, key=key) for heads, key in ((4, "q"), (2, "k"), (2, "v")))
ATTENTION = [
    row("RotaryEmbedding", [spread(1, 3, 32), const([[0, 1, 2]]), COS, SIN], "positions", **M),
    row("RotaryEmbedding", [spread(2, 2, 3, 16), const([2]), COS, SIN], "offset, rank 4", **M),
    row("RotaryEmbedding", [spread(1, 3, 32), const([[1, 3, 5]]), COS, SIN], "interleaved", interleaved=1, **M),
    row("RotaryEmbedding", [spread(1, 2, 3, 8), COS4, SIN4, const([[0, 2, 5]])], "opset 23", opset=23),
    row("Attention", [HQ, HK, HV], "opset 23", opset=23, is_causal=0),
    row("Attention", [HQ, HK, HV], "opset 23, causal", opset=23, is_causal=1, scale=0.3),
    row("Attention", [HQ, HK, HV, spread(3, 3)], "opset 23, bias", opset=23),
    row("Attention", [spread(2, 3, 8), spread(2, 3, 8, key="k"), spread(2, 3, 8, key="v")], "opset 23, rank 3",
        opset=23, q_num_heads=2, kv_num_heads=2, is_causal=1),
    row("Attention", [spread(2, 3, 8), spread(8, 24), spread(24)], "com.microsoft", num_heads=2, **M),
    row("Attention", [spread(1, 3, 8), spread(8, 24), spread(24)], "com.microsoft, causal", num_heads=2,
        unidirectional=1, **M),
    row("MultiHeadAttention", [spread(2, 3, 8), spread(2, 5, 8), spread(2, 5, 8, key="v")], "cross", num_heads=2, **M),
    row("MultiHeadAttention", [spread(2, 3, 8), spread(2, 3, 8, key="k"), spread(2, 3, 8, key="v"), spread(24)],
        "bias, causal", num_heads=2, unidirectional=1, scale=0.4, **M),
    row("MultiHeadAttention", [spread(2, 3, 8), spread(2, 3, 8, key="k"), spread(2, 3, 8, key="v"), None, None,
                               spread(1, 2, 3, 3)], "attention bias", num_heads=2, **M),
    row("MultiHeadAttention", [spread(1, 2, 8), spread(1, 2, 8, key="k"), spread(1, 2, 8, key="v"), None, None, None,
                               spread(1, 2, 3, 4, key="pk"), spread(1, 2, 3, 4, key="pv")], "past", outputs=(0, 1, 2),
        num_heads=2, **M),
    row("GroupQueryAttention", [Q, K, V, EMPTY, EMPTY, *lengths(3)], "no rotary", outputs=(0, 1, 2), **GQA),
    row("GroupQueryAttention", [Q, K, V, EMPTY, EMPTY, *lengths(3), COS, SIN], "rotary", outputs=(0, 1, 2),
        do_rotary=1, scale=0.2, **GQA),
    row("GroupQueryAttention", [Q, K, V, *PAST, *lengths(6), COS, SIN], "past", outputs=(0, 1, 2), do_rotary=1, **GQA),
    row("GroupQueryAttention", [spread(1, 3, 128), None, None, EMPTY, EMPTY, *lengths(3), COS, SIN], "packed",
        outputs=(0, 1, 2), do_rotary=1, **GQA),
    row("GroupQueryAttention", [Q, K, V, *PAST, *lengths(6), COS, SIN], "window", outputs=(0, 1, 2), do_rotary=1,
        local_window_size=2, **GQA),
    row("GroupQueryAttention", [Q, K, V, EMPTY, EMPTY, *lengths(3)], "softcap", outputs=(0, 1, 2), softcap=2.0, **GQA),
    row("GroupQueryAttention", [Q, K, V, EMPTY, EMPTY, *lengths(3), COS, SIN], "interleaved", outputs=(0, 1, 2),
        do_rotary=1, rotary_interleaved=1, **GQA),
]

PACKED, SCALES, _ = quantise_q4(spread(6, 64, key="q4"))
RANDOM = np.random.RandomState(9)
BYTES = ints(RANDOM.randint(0, 256, (4, 2, 32)), "uint8")
ZEROS = ints(RANDOM.randint(0, 256, 6), "uint8")
EIGHTH = (np.rint(RANDOM.uniform(1, 8, 8)) / 64).astype(np.float32)
NBITS = {"K": 64, "block_size": 32, **M}

QUANTISED = [
    row("MatMulNBits", [spread(2, 3, 64), const(PACKED, "uint8"), const(SCALES, "float32")], "4 bits", N=6, bits=4,
        **NBITS),
    row("MatMulNBits", [spread(3, 64), const(PACKED, "uint8"), const(SCALES, "float32"), const(ZEROS, "uint8")],
        "4 bits, zero points", N=6, bits=4, **NBITS),
    row("MatMulNBits", [spread(3, 64), const(BYTES, "uint8"), const(EIGHTH, "float32")], "8 bits", N=4, bits=8, **NBITS),
    row("DequantizeLinear", [const([[1, 200], [30, 4]], "uint8"), spread(low=0.1), const(128, "uint8")],
        "scalar scale"),
    row("DequantizeLinear", [const([[1, -20], [30, 4]], "int8"), spread(2, low=0.1)], "by axis", axis=0),
]
