"""Weight quantisation for the ONNX exports, in NumPy."""

from __future__ import annotations

import numpy as np

BLOCK = 32


def int8_rows(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`[rows, columns]` → (int8 of the same shape, scale `[rows]`), symmetric, one scale a row.

    The clipping point of each row is the one of 24 that has the least squared error.
    """
    top = np.abs(weight).max(1, keepdims=True) + 1e-12
    best = np.full(len(weight), np.inf)
    scales = np.zeros(len(weight), np.float32)
    for factor in np.linspace(0.7, 1.0, 24):
        scale = top * factor / 127
        error = ((np.clip(np.round(weight / scale), -127, 127) * scale - weight) ** 2).sum(1)
        better = error < best
        best[better], scales[better] = error[better], scale[better, 0]
    q = np.clip(np.round(weight / scales[:, None]), -127, 127).astype(np.int8)
    return q, scales


def blocks(weight: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """`[N, K]` → (packed `[N, K / 32, 4 * bits]` uint8, scale `[N, K / 32]`) for MatMulNBits.

    Symmetric around the implicit zero point 2^(bits - 1). The scale of each block of 32 along K is
    the best of a grid by squared error; it may be negative, so that the longer side of the range
    (-2^(bits-1)) serves the larger extreme.
    """
    n, k = weight.shape
    w = weight.reshape(n, k // BLOCK, BLOCK).astype(np.float64)
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    extreme = np.take_along_axis(w, np.abs(w).argmax(2)[..., None], 2)
    extreme = np.where(np.abs(extreme) < 1e-12, 1e-12, extreme)
    best = np.full(w.shape[:2], np.inf)
    scales = np.zeros(w.shape[:2])
    for factor in np.linspace(0.7, 1.15, 46):
        scale = extreme * factor / low
        error = ((np.clip(np.round(w / scale), low, high) * scale - w) ** 2).sum(2)
        better = error < best
        best[better], scales[better] = error[better], scale[..., 0][better]
    scales = scales.astype(np.float32)
    q = (np.clip(np.round(w / scales[..., None]), low, high) - low).astype(np.uint8)
    if bits == 4:
        q = q[..., 0::2] | (q[..., 1::2] << 4)
    return q, scales
