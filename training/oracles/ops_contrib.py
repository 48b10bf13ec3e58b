"""com.microsoft operators, and the attention operators of opset 23, in PyTorch."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from ops_network import convolution, layer_norm, rms_norm


def fast_gelu(a, x, bias=None):
    return F.gelu(x if bias is None else x + bias, approximate="tanh")


def skip_layer_norm(a, x, skip, gamma, beta=None, bias=None):
    total = x + skip if bias is None else x + skip + bias
    normed = layer_norm({**a, "axis": -1}, total, gamma, beta)
    return normed, None, None, total


def skip_rms_norm(a, x, skip, gamma, bias=None):
    total = x + skip if bias is None else x + skip + bias
    return rms_norm({**a, "axis": -1}, total, gamma), None, None, total


def fused_matmul(a, x, y):
    x = x.transpose(-1, -2) if a.get("transA", 0) else x
    y = y.transpose(-1, -2) if a.get("transB", 0) else y
    return a.get("alpha", 1.0) * (x @ y)


def fused_conv(a, x, w, bias=None):
    y = convolution(a, x, w, bias)
    parameters = a.get("activation_params", [])
    return {
        "Relu": lambda: torch.relu(y),
        "LeakyRelu": lambda: F.leaky_relu(y, *parameters),
        "HardSigmoid": lambda: torch.clamp(parameters[0] * y + parameters[1], 0, 1),
    }[a["activation"]]()


def rotate(x, cos, sin, interleaved):
    """x `[..., tokens, size]`, cos and sin `[..., tokens, size / 2]`."""
    if interleaved:
        first, second = x[..., 0::2], x[..., 1::2]
        turned = (first * cos - second * sin, first * sin + second * cos)
        return torch.stack(turned, -1).flatten(-2)
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


def rotary(a, x, positions, cos, sin):
    """com.microsoft RotaryEmbedding of `[batch, tokens, heads * size]` or `[batch, heads, tokens,
    size]`; a single position is the offset of the first token."""
    flat = x.dim() == 3
    size = cos.shape[1] * 2
    parts = x.unflatten(-1, (-1, size)).transpose(1, 2) if flat else x
    tokens = parts.shape[2]
    if positions.numel() == 1:
        positions = (positions.reshape(1, 1) + torch.arange(tokens)).expand(x.shape[0], tokens)
    table = (cos[positions][:, None], sin[positions][:, None])
    turned = rotate(parts, *table, a.get("interleaved", 0))
    return turned.transpose(1, 2).flatten(-2) if flat else turned


def standard_rotary(a, x, cos, sin, positions=None):
    """ai.onnx RotaryEmbedding-23 of `[batch, heads, tokens, size]`."""
    cos, sin = (cos, sin) if positions is None else (cos[positions], sin[positions])
    size = a.get("rotary_embedding_dim", 0) or x.shape[-1]
    turned = rotate(x[..., :size], cos[:, None], sin[:, None], a.get("interleaved", 0))
    return torch.cat([turned, x[..., size:]], -1)


def attend(q, k, v, scale, bias=None, causal=False, softcap=0.0):
    """q `[batch, heads, tokens, size]`, k and v `[batch, kv_heads, total, size]`."""
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    scores = q @ k.transpose(-1, -2) * scale
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    if bias is not None:
        scores = scores.masked_fill(~bias, -math.inf) if bias.dtype == torch.bool else scores + bias
    if causal:
        tokens, total = scores.shape[-2:]
        ahead = torch.arange(total) > torch.arange(tokens)[:, None] + (total - tokens)
        scores = scores.masked_fill(ahead, -math.inf)
    return scores.softmax(-1) @ v


def attention(a, q, k, v, mask=None, past_key=None, past_value=None):
    """ai.onnx Attention-23 on `[batch, heads, tokens, size]` or, with head counts as attributes,
    `[batch, tokens, heads * size]`."""
    flat = q.dim() == 3
    if flat:
        counts = (a["q_num_heads"], a["kv_num_heads"], a["kv_num_heads"])
        q, k, v = (x.unflatten(-1, (n, -1)).transpose(1, 2) for x, n in zip((q, k, v), counts))
    if past_key is not None:
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
    scale = a.get("scale") or q.shape[-1] ** -0.5
    mixed = attend(q, k, v, scale, mask, bool(a.get("is_causal", 0)), a.get("softcap", 0.0))
    return mixed.transpose(1, 2).flatten(-2) if flat else mixed, k, v


def heads(x, count):
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def multi_head(a, q, k, v, bias=None, padding=None, attention_bias=None, past_key=None, past_value=None):
    """com.microsoft MultiHeadAttention with Q, K and V apart."""
    count = a["num_heads"]
    if bias is not None:
        width = q.shape[-1]
        q, k, v = q + bias[:width], k + bias[width : 2 * width], v + bias[2 * width :]
    q, k, v = heads(q, count), heads(k, count), heads(v, count)
    if past_key is not None:
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
    if padding is not None:
        attention_bias = padding.bool()[:, None, None, :]
    scale = a.get("scale") or q.shape[-1] ** -0.5
    mixed = attend(q, k, v, scale, attention_bias, bool(a.get("unidirectional", 0)))
    return mixed.transpose(1, 2).flatten(-2), k, v


def packed_attention(a, x, w, bias, padding=None):
    """com.microsoft Attention: the QKV product is inside."""
    q, k, v = (x @ w + bias).chunk(3, -1)
    return multi_head(a, q, k, v, None, padding)[0]


def group_query(a, q, k, v, past_key, past_value, seqlens, total, cos=None, sin=None):
    """com.microsoft GroupQueryAttention, all rows of full length."""
    count, kv_count = a["num_heads"], a["kv_num_heads"]
    if k is None:
        size = q.shape[-1] // (count + 2 * kv_count)
        q, k, v = q.split([count * size, kv_count * size, kv_count * size], -1)
    q, k, v = heads(q, count), heads(k, kv_count), heads(v, kv_count)
    past = past_key.shape[2]
    if a.get("do_rotary", 0):
        rows = slice(past, past + q.shape[2])
        q = rotate(q, cos[rows], sin[rows], a.get("rotary_interleaved", 0))
        k = rotate(k, cos[rows], sin[rows], a.get("rotary_interleaved", 0))
    k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
    bias, window = None, a.get("local_window_size", -1)
    if window > 0:
        distance = torch.arange(past, k.shape[2])[:, None] - torch.arange(k.shape[2])
        bias = distance < window
    scale = a.get("scale") or q.shape[-1] ** -0.5
    mixed = attend(q, k, v, scale, bias, True, a.get("softcap", 0.0))
    return mixed.transpose(1, 2).flatten(-2), k, v


def matmul_nbits(a, x, packed, scales, zero_points=None):
    rows, columns, block, bits = a["N"], a["K"], a["block_size"], a["bits"]
    levels = packed.long()
    if bits == 4:
        levels = torch.stack([levels & 15, levels >> 4], -1)
    levels = levels.reshape(rows, -1, block)
    if zero_points is None:
        zero = torch.full((rows, levels.shape[1], 1), 2 ** (bits - 1))
    else:
        zero = zero_points.long()
        zero = torch.stack([zero & 15, zero >> 4], -1) if bits == 4 else zero
        zero = zero.reshape(rows, -1)[:, : levels.shape[1], None]
    matrix = (levels - zero) * scales.reshape(rows, -1, 1)
    return x @ matrix.reshape(rows, -1)[:, :columns].T


def dequantise(a, x, scale, zero=None):
    x = x.double()
    shape = [1] * x.dim()
    if scale.dim():
        shape[a.get("axis", 1)] = -1
    zero = 0 if zero is None else zero.double().reshape(shape)
    return (x - zero) * scale.reshape(shape)


CONTRIB = {
    "SimplifiedLayerNormalization": rms_norm,
    "SkipLayerNormalization": skip_layer_norm,
    "SkipSimplifiedLayerNormalization": skip_rms_norm,
    "FastGelu": fast_gelu,
    "BiasGelu": lambda a, x, bias: F.gelu(x + bias),
    "QuickGelu": lambda a, x: x * torch.sigmoid(a.get("alpha", 1.702) * x),
    "FusedMatMul": fused_matmul,
    "FusedConv": fused_conv,
    "RotaryEmbedding": lambda a, x, second, *rest: (
        standard_rotary(a, x, second, *rest) if a["opset"] >= 23 else rotary(a, x, second, *rest)
    ),
    "Attention": lambda a, *inputs: (attention if a["opset"] >= 23 else packed_attention)(a, *inputs),
    "MultiHeadAttention": multi_head,
    "GroupQueryAttention": group_query,
    "MatMulNBits": matmul_nbits,
    "DequantizeLinear": dequantise,
}
