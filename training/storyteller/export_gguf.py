"""Writes a checkpoint as GGUF (llama architecture) for llama.cpp and wllama.

    python3 export_gguf.py --checkpoint checkpoints/release.pt --type f32 --out storyteller.gguf

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import argparse
import struct
from pathlib import Path

import numpy as np

from bpe import Tokenizer
from data import MODEL_DIR
from export_onnx import load_model, matrices
from model import Shape, Storyteller

ALIGNMENT = 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
TENSOR_TYPES = {"f32": 0, "f16": 1, "q8_0": 8}


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(kind: int, value) -> bytes:
    if kind == STRING:
        return _string(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def _entry(key: str, kind: int, value) -> bytes:
    """One metadata pair; a list becomes an array of `kind`."""
    if isinstance(value, list):
        head = _string(key) + struct.pack("<IIQ", ARRAY, kind, len(value))
        return head + b"".join(_value(kind, v) for v in value)
    return _string(key) + struct.pack("<I", kind) + _value(kind, value)


def interleave(weight: np.ndarray, heads: int) -> np.ndarray:
    """Reorders query or key rows: llama.cpp's llama rotates pairs (2i, 2i + 1), we (i, i + half)."""
    rows, width = weight.shape
    half = rows // heads // 2
    return weight.reshape(heads, 2, half, width).swapaxes(1, 2).reshape(rows, width)


def encode_tensor(array: np.ndarray, kind: str) -> tuple[int, bytes]:
    """(GGML type, bytes). Vectors stay float32, as llama.cpp expects."""
    if array.ndim == 1 or kind == "f32":
        return TENSOR_TYPES["f32"], array.astype("<f4").tobytes()
    if kind == "f16":
        return TENSOR_TYPES["f16"], array.astype("<f2").tobytes()
    blocks = array.reshape(-1, 32)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    packed = np.zeros(len(blocks), dtype=[("d", "<f2"), ("q", "i1", 32)])
    packed["d"], packed["q"] = scale[:, 0], np.round(blocks * inverse)
    return TENSOR_TYPES["q8_0"], packed.tobytes()


def tensors(model: Storyteller) -> dict[str, np.ndarray]:
    """The model's arrays under llama.cpp's names; the output shares the embedding."""
    s, w = model.shape, matrices(model)
    out = {"token_embd.weight": w["embedding"], "output_norm.weight": w["norm.weight"]}
    for i in range(s.layers):
        sizes = np.cumsum((s.heads * s.head_dim, s.kv_heads * s.head_dim))
        q, k, v = np.split(w[f"blocks.{i}.qkv.weight"], sizes)
        gate, up = np.split(w[f"blocks.{i}.gate_up.weight"], 2)
        out.update({
            f"blk.{i}.attn_norm.weight": w[f"blocks.{i}.norm1.weight"],
            f"blk.{i}.attn_q.weight": interleave(q, s.heads),
            f"blk.{i}.attn_k.weight": interleave(k, s.kv_heads),
            f"blk.{i}.attn_v.weight": v,
            f"blk.{i}.attn_output.weight": w[f"blocks.{i}.out.weight"],
            f"blk.{i}.ffn_norm.weight": w[f"blocks.{i}.norm2.weight"],
            f"blk.{i}.ffn_gate.weight": gate, f"blk.{i}.ffn_up.weight": up,
            f"blk.{i}.ffn_down.weight": w[f"blocks.{i}.down.weight"],
        })
    return out


def metadata(s: Shape, tokenizer: Tokenizer, kind: str) -> list[bytes]:
    """The metadata pairs of a llama model with a GPT-2 style vocabulary."""
    types = [3] + [1] * (len(tokenizer.tokens) - 1)  # 3 control, 1 normal
    return [
        _entry("general.architecture", STRING, "llama"),
        _entry("general.name", STRING, "storyteller"),
        _entry("general.file_type", UINT32, {"f32": 0, "f16": 1, "q8_0": 7}[kind]),
        _entry("llama.vocab_size", UINT32, s.vocabulary),
        _entry("llama.context_length", UINT32, s.context),
        _entry("llama.embedding_length", UINT32, s.width),
        _entry("llama.block_count", UINT32, s.layers),
        _entry("llama.feed_forward_length", UINT32, s.feed_forward),
        _entry("llama.attention.head_count", UINT32, s.heads),
        _entry("llama.attention.head_count_kv", UINT32, s.kv_heads),
        _entry("llama.attention.key_length", UINT32, s.head_dim),
        _entry("llama.attention.value_length", UINT32, s.head_dim),
        _entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, s.eps),
        _entry("llama.rope.dimension_count", UINT32, s.head_dim),
        _entry("llama.rope.freq_base", FLOAT32, s.rope_theta),
        _entry("tokenizer.ggml.model", STRING, "gpt2"),
        _entry("tokenizer.ggml.pre", STRING, "gpt-2"),
        _entry("tokenizer.ggml.tokens", STRING, tokenizer.tokens),
        _entry("tokenizer.ggml.token_type", INT32, types),
        _entry("tokenizer.ggml.merges", STRING, [f"{a} {b}" for a, b in tokenizer.merges]),
        _entry("tokenizer.ggml.bos_token_id", UINT32, 0),
        _entry("tokenizer.ggml.eos_token_id", UINT32, 0),
        _entry("tokenizer.ggml.padding_token_id", UINT32, 0),
        _entry("tokenizer.ggml.add_bos_token", BOOL, True),
    ]


def gguf(model: Storyteller, tokenizer: Tokenizer, kind: str) -> bytes:
    """The whole file. kind: f32, f16 or q8_0."""
    pairs, arrays = metadata(model.shape, tokenizer, kind), tensors(model)
    infos, data = [], bytearray()
    for name, array in arrays.items():
        number, content = encode_tensor(array, kind)
        dims = array.shape[::-1]
        infos.append(_string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, number,
                                                 len(data)))
        data += content + bytes(-len(content) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(arrays), len(pairs)) + b"".join(pairs + infos)
    return head + bytes(-len(head) % ALIGNMENT) + bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--ema", action="store_true", help="use the averaged weights")
    parser.add_argument("--tokenizer", type=Path, default=MODEL_DIR / "tokenizer.json")
    parser.add_argument("--type", choices=TENSOR_TYPES, default="f32")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    data = gguf(load_model(options.checkpoint, options.ema), Tokenizer.load(options.tokenizer),
                options.type)
    options.out.write_bytes(data)
    print(f"{options.out}: {len(data)} bytes")


if __name__ == "__main__":
    main()
