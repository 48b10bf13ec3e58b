"""Writes a checkpoint as ONNX in the layout of onnx-community on the Hugging Face hub.

    python3 export_onnx.py --checkpoint checkpoints/release.pt --out ../../static/models/storyteller
    python3 export_onnx.py --checkpoint ... --primitive plain.onnx      # standard operators only
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from data import MODEL_DIR
from model import Shape, Storyteller, rope_tables
from onnx_graph import CONTRIB, FLOAT, INT32, INT64, GraphBuilder
from quantise import blocks, int8_rows


class Weights:
    """How a variant stores matrices. `linear` and `embed` add the nodes that use them."""

    def linear(self, g: GraphBuilder, x: str, name: str, w: np.ndarray) -> str:
        """x `[batch, seq, K]` times the transpose of w `[N, K]`."""
        return g.add("MatMul", x, g.constant(name, w.T))

    def embed(self, g: GraphBuilder, ids: str, table: np.ndarray) -> str:
        return g.add("Gather", g.constant("embedding", table), ids)

    def head(self, g: GraphBuilder, x: str, table: np.ndarray) -> str:
        """Logits from the same tensor that `embed` reads; the transpose is folded at load."""
        return g.add("MatMul", x, g.add("Transpose", g.constant("embedding", table), perm=[1, 0]))


class Int8Weights(Weights):
    """Dynamic int8: activations to uint8 a tensor, weights int8 with one scale an output."""

    def _product(self, g: GraphBuilder, x: str, matrix: str, scale: str) -> str:
        q, x_scale, x_zero = g.add("DynamicQuantizeLinear", x, outputs=3)
        y = g.add("Cast", g.add("MatMulInteger", q, matrix, x_zero), to=FLOAT)
        return g.add("Mul", y, g.add("Mul", x_scale, scale))

    def linear(self, g, x, name, w):
        q, scale = int8_rows(w)
        return self._product(g, x, g.constant(f"{name}_quantized", q.T),
                             g.constant(f"{name}_scale", scale))

    def embed(self, g, ids, table):
        q, scale = int8_rows(table)
        rows = g.add("Cast", g.add("Gather", g.constant("embedding_quantized", q), ids), to=FLOAT)
        scales = g.add("Gather", g.constant("embedding_scale", scale), ids)
        return g.add("Mul", rows, g.add("Unsqueeze", scales, g.ints(-1)))

    def head(self, g, x, table):
        q, scale = int8_rows(table)
        matrix = g.add("Transpose", g.constant("embedding_quantized", q), perm=[1, 0])
        return self._product(g, x, matrix, g.constant("embedding_scale", scale))


class Int4Weights(Weights):
    """MatMulNBits: 4 bits in blocks of 32; the embedding has 8 bits and serves both ends."""

    def __init__(self, embedding_bits: int = 8):
        self.embedding_bits = embedding_bits

    def _product(self, g, x, name, n, k, bits):
        return g.add("MatMulNBits", x, f"{name}_q", f"{name}_scales", domain=CONTRIB, K=k, N=n,
                     bits=bits, block_size=32)

    def linear(self, g, x, name, w):
        q, scales = blocks(w, 4)
        g.constant(f"{name}_q", q)
        g.constant(f"{name}_scales", scales)
        return self._product(g, x, name, *w.shape, 4)

    def embed(self, g, ids, table):
        q, scales = blocks(table, self.embedding_bits)
        g.constant("embedding_q", q)
        g.constant("embedding_scales", scales)
        flat = g.add("Reshape", "embedding_q", g.ints(len(table), -1))
        return g.add("GatherBlockQuantized", flat, ids, "embedding_scales", domain=CONTRIB,
                     bits=self.embedding_bits, block_size=32, gather_axis=0, quantize_axis=1)

    def head(self, g, x, table):
        return self._product(g, x, "embedding", *table.shape, self.embedding_bits)


def matrices(model: Storyteller) -> dict[str, np.ndarray]:
    """All parameters as float32 arrays."""
    return {n: p.detach().float().numpy() for n, p in model.named_parameters()}


def declare_inputs(g: GraphBuilder, s: Shape) -> None:
    """The inputs of an onnx-community decoder, and `num_logits_to_keep`."""
    g.input("input_ids", INT64, ["batch_size", "sequence_length"])
    g.input("attention_mask", INT64, ["batch_size", "total_sequence_length"])
    g.input("position_ids", INT64, ["batch_size", "sequence_length"])
    g.input("num_logits_to_keep", INT64, [])
    past = ["batch_size", s.kv_heads, "past_sequence_length", s.head_dim]
    present = ["batch_size", s.kv_heads, "total_sequence_length", s.head_dim]
    g.output("logits", FLOAT, ["batch_size", "kept_length", s.vocabulary])
    for i in range(s.layers):
        for part in ("key", "value"):
            g.input(f"past_key_values.{i}.{part}", FLOAT, past)
            g.output(f"present.{i}.{part}", FLOAT, present)


def kept_positions(g: GraphBuilder, x: str) -> str:
    """The last `num_logits_to_keep` positions of `[batch, seq, width]`; 0 keeps all."""
    start = g.add("Reshape", g.add("Neg", "num_logits_to_keep"), g.ints(1))
    return g.add("Slice", x, start, g.constant("int64_max", np.array([2**63 - 1])), g.ints(1))


def fused_graph(model: Storyteller, weights: Weights) -> GraphBuilder:
    """The decoder with ONNX Runtime's fused operators (GroupQueryAttention and others)."""
    s, w, g = model.shape, matrices(model), GraphBuilder()
    declare_inputs(g, s)
    cos, sin = rope_tables(s, s.context)
    g.constant("cos_cache", cos.numpy())
    g.constant("sin_cache", sin.numpy())
    # As in the exports of onnxruntime-genai: both lengths come from the mask.
    total = g.add("ReduceSum", "attention_mask", g.ints(1), keepdims=0)
    seqlens = g.add("Cast", g.add("Sub", total, g.scalar(1)), to=INT32)
    shape = g.add("Shape", "attention_mask")
    total_length = g.add("Cast", g.add("Gather", shape, g.scalar(1), axis=0), to=INT32)
    x = weights.embed(g, "input_ids", w["embedding"])
    norm = {"axis": -1, "epsilon": s.eps, "stash_type": 1}
    delta = None
    for i in range(s.layers):
        x, h = fused_norm(g, x, delta, f"layer.{i}.input_norm", w[f"blocks.{i}.norm1.weight"], norm)
        qkv = weights.linear(g, h, f"layer.{i}.qkv", w[f"blocks.{i}.qkv.weight"])
        mixed = g.add(
            "GroupQueryAttention", qkv, "", "", f"past_key_values.{i}.key",
            f"past_key_values.{i}.value", seqlens, total_length, "cos_cache", "sin_cache",
            domain=CONTRIB, num_heads=s.heads, kv_num_heads=s.kv_heads, do_rotary=1,
            rotary_interleaved=0, scale=s.head_dim**-0.5, local_window_size=-1,
            outputs=[f"layer.{i}.mixed", f"present.{i}.key", f"present.{i}.value"])[0]
        delta = weights.linear(g, mixed, f"layer.{i}.out", w[f"blocks.{i}.out.weight"])
        x, h = fused_norm(g, x, delta, f"layer.{i}.post_norm", w[f"blocks.{i}.norm2.weight"], norm)
        both = weights.linear(g, h, f"layer.{i}.gate_up", w[f"blocks.{i}.gate_up.weight"])
        gate, up = g.add("Split", both, g.ints(s.feed_forward, s.feed_forward), axis=-1, outputs=2)
        active = g.add("Mul", g.add("Mul", gate, g.add("Sigmoid", gate)), up)
        delta = weights.linear(g, active, f"layer.{i}.down", w[f"blocks.{i}.down.weight"])
    _, h = fused_norm(g, x, delta, "norm", w["norm.weight"], norm, last=True)
    logits = weights.head(g, kept_positions(g, h), w["embedding"])
    g.nodes[-1].output[0] = "logits"
    assert logits
    return g


def fused_norm(g, x, delta, name, weight, attributes, last=False) -> tuple[str, str]:
    """(x + delta, its normalised form), in one node where there is a delta."""
    scale = g.constant(f"{name}.weight", weight)
    if delta is None:
        return x, g.add("SimplifiedLayerNormalization", x, scale, **attributes)
    outputs = [f"{name}.out"] if last else [f"{name}.out", "", "", f"{name}.sum"]
    g.add("SkipSimplifiedLayerNormalization", x, delta, scale, domain=CONTRIB,
          epsilon=attributes["epsilon"], outputs=outputs)
    return f"{name}.sum", f"{name}.out"


def primitive_graph(model: Storyteller) -> GraphBuilder:
    """The same function in operators of the standard opset 17 alone; respects position_ids."""
    s, w, g = model.shape, matrices(model), GraphBuilder()
    weights = Weights()
    declare_inputs(g, s)
    tables = rope_tables(s, s.context)
    cos, sin = (g.add("Unsqueeze", g.add("Gather", g.constant(n, t.numpy()), "position_ids"),
                      g.ints(1)) for n, t in zip(("cos_cache", "sin_cache"), tables))
    mask = primitive_mask(g)
    x = weights.embed(g, "input_ids", w["embedding"])
    for i in range(s.layers):
        h = primitive_norm(g, x, f"layer.{i}.input_norm", w[f"blocks.{i}.norm1.weight"], s.eps)
        mixed = primitive_attention(g, s, i, h, w, (cos, sin), mask)
        x = g.add("Add", x, weights.linear(g, mixed, f"layer.{i}.out", w[f"blocks.{i}.out.weight"]))
        h = primitive_norm(g, x, f"layer.{i}.post_norm", w[f"blocks.{i}.norm2.weight"], s.eps)
        gate, up = np.split(w[f"blocks.{i}.gate_up.weight"], 2)
        gate = weights.linear(g, h, f"layer.{i}.gate", gate)
        up = weights.linear(g, h, f"layer.{i}.up", up)
        active = g.add("Mul", g.add("Mul", gate, g.add("Sigmoid", gate)), up)
        down = weights.linear(g, active, f"layer.{i}.down", w[f"blocks.{i}.down.weight"])
        x = g.add("Add", x, down)
    h = primitive_norm(g, x, "norm", w["norm.weight"], s.eps)
    weights.head(g, kept_positions(g, h), w["embedding"])
    g.nodes[-1].output[0] = "logits"
    return g


def primitive_norm(g: GraphBuilder, x: str, name: str, weight: np.ndarray, eps: float) -> str:
    """Root mean square normalisation of the last axis."""
    square = g.add("ReduceMean", g.add("Mul", x, x), axes=[-1], keepdims=1)
    root = g.add("Sqrt", g.add("Add", square, g.constant("eps", np.array(eps, np.float32))))
    return g.add("Mul", g.add("Div", x, root), g.constant(f"{name}.weight", weight))


def primitive_mask(g: GraphBuilder) -> str:
    """0 where a query may look, -1e9 elsewhere: `[batch, 1, seq, total]`."""
    total = g.add("Gather", g.add("Shape", "attention_mask"), g.scalar(1), axis=0)
    length = g.add("Gather", g.add("Shape", "input_ids"), g.scalar(1), axis=0)
    keys = g.add("Range", g.scalar(0), total, g.scalar(1))
    queries = g.add("Range", g.add("Sub", total, length), total, g.scalar(1))
    causal = g.add("LessOrEqual", g.add("Unsqueeze", keys, g.ints(0)),
                   g.add("Unsqueeze", queries, g.ints(1)))
    real = g.add("Cast", g.add("Unsqueeze", "attention_mask", g.ints(1, 2)), to=9)
    return g.add("Where", g.add("And", real, causal),
                 g.constant("zero", np.array(0, np.float32)),
                 g.constant("hidden", np.array(-1e9, np.float32)))


def primitive_attention(g, s: Shape, i: int, h: str, w: dict, tables, mask: str) -> str:
    """Grouped-query attention; query heads of a group are stacked along the sequence's axis."""
    sizes = (s.heads * s.head_dim, s.kv_heads * s.head_dim, s.kv_heads * s.head_dim)
    packed = np.split(w[f"blocks.{i}.qkv.weight"], np.cumsum(sizes)[:2])
    q, k, v = (heads_first(g, Weights().linear(g, h, f"layer.{i}.{n}", m), size // s.head_dim, s)
               for n, m, size in zip("qkv", packed, sizes))
    q, k = primitive_rope(g, q, tables, s), primitive_rope(g, k, tables, s)
    k = g.add("Concat", f"past_key_values.{i}.key", k, axis=2, outputs=[f"present.{i}.key"])
    v = g.add("Concat", f"past_key_values.{i}.value", v, axis=2, outputs=[f"present.{i}.value"])
    group = s.heads // s.kv_heads
    grouped = g.add("Reshape", q, g.ints(0, s.kv_heads, group, -1, s.head_dim))
    keys = g.add("Transpose", g.add("Unsqueeze", k, g.ints(2)), perm=[0, 1, 2, 4, 3])
    scale = g.constant("scale", np.array(s.head_dim**-0.5, np.float32))
    scores = g.add("Mul", g.add("MatMul", grouped, keys), scale)
    scores = g.add("Add", scores, g.add("Unsqueeze", mask, g.ints(1)))
    mixed = g.add("MatMul", g.add("Softmax", scores, axis=-1), g.add("Unsqueeze", v, g.ints(2)))
    mixed = g.add("Reshape", mixed, g.ints(0, s.heads, -1, s.head_dim))
    mixed = g.add("Transpose", mixed, perm=[0, 2, 1, 3])
    return g.add("Reshape", mixed, g.ints(0, 0, -1))


def heads_first(g: GraphBuilder, x: str, heads: int, s: Shape) -> str:
    """`[batch, seq, heads * dim]` → `[batch, heads, seq, dim]`."""
    return g.add("Transpose", g.add("Reshape", x, g.ints(0, 0, heads, s.head_dim)), perm=[0, 2, 1, 3])


def primitive_rope(g: GraphBuilder, x: str, tables: tuple[str, str], s: Shape) -> str:
    """Half-rotated rotary embedding of `[batch, heads, seq, dim]`."""
    half, (cos, sin) = s.head_dim // 2, tables
    a, b = g.add("Split", x, g.ints(half, half), axis=-1, outputs=2)
    first = g.add("Sub", g.add("Mul", a, cos), g.add("Mul", b, sin))
    second = g.add("Add", g.add("Mul", b, cos), g.add("Mul", a, sin))
    return g.add("Concat", first, second, axis=-1)


def load_model(path: Path, averaged: bool) -> Storyteller:
    """The model of a checkpoint, with raw or averaged (EMA) weights."""
    state = torch.load(path, map_location="cpu")
    model = Storyteller(Shape(**state["shape"]))
    model.load_state_dict(state["model"])
    if averaged:
        with torch.no_grad():
            for p, e in zip(model.parameters(), state["ema"]):
                p.copy_(e)
    return model.eval()


def write_configs(s: Shape, out: Path) -> None:
    """config.json and the small files beside it (tokenizer.json is written by data.py)."""
    end = "<|endoftext|>"
    files = {
        "config.json": {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama",
            "vocab_size": s.vocabulary, "hidden_size": s.width,
            "intermediate_size": s.feed_forward, "num_hidden_layers": s.layers,
            "num_attention_heads": s.heads, "num_key_value_heads": s.kv_heads,
            "head_dim": s.head_dim, "hidden_act": "silu", "max_position_embeddings": s.context,
            "rms_norm_eps": s.eps, "rope_theta": s.rope_theta, "rope_scaling": None,
            "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True,
            "initializer_range": 0.02, "use_cache": True, "torch_dtype": "float32",
            "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0,
            "transformers.js_config": {"device_config": {"wasm": {"dtype": "fp32"},
                                                         "webgpu": {"dtype": "q4"}}},
        },
        "generation_config.json": {
            "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "do_sample": True,
            "temperature": 0.8, "top_p": 0.95, "max_length": s.context,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": True,
            "add_prefix_space": False, "clean_up_tokenization_spaces": False,
            "model_max_length": s.context, "bos_token": end, "eos_token": end, "pad_token": end,
            "added_tokens_decoder": {"0": {"content": end, "lstrip": False, "normalized": False,
                                           "rstrip": False, "single_word": False, "special": True}},
        },
        "special_tokens_map.json": {"bos_token": end, "eos_token": end, "pad_token": end},
    }
    for name, content in files.items():
        (out / name).write_text(json.dumps(content, indent="\t") + "\n")


def export(model: Storyteller, out: Path) -> None:
    """Writes the three variants and the configuration files."""
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    for name, weights in (("model", Weights()), ("model_quantized", Int8Weights()),
                          ("model_q4", Int4Weights())):
        data = fused_graph(model, weights).model(17, contrib=True).SerializeToString()
        (out / "onnx" / f"{name}.onnx").write_bytes(data)
        print(f"{name}.onnx {len(data)} bytes")
    write_configs(model.shape, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--ema", action="store_true", help="use the averaged weights")
    parser.add_argument("--out", type=Path, default=MODEL_DIR)
    parser.add_argument("--primitive", type=Path, help="write only an unfused graph to this file")
    options = parser.parse_args()
    model = load_model(options.checkpoint, options.ema)
    if options.primitive:
        graph = primitive_graph(model).model(17, contrib=False)
        options.primitive.write_bytes(graph.SerializeToString())
    else:
        export(model, options.out)


if __name__ == "__main__":
    main()
