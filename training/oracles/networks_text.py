"""Small transformers as oracles: decoders in standard and fused form, and a BERT."""

from __future__ import annotations

import math

import numpy as np

import decoder_fused as fused
import decoder_primitive as primitive
from decoder_configs import make_weights
from case import Case, Network, grid
from onnx_graph import MICROSOFT, GraphBuilder

VOCABULARY = 40


def config_of(family: str, **changes) -> dict:
    if family == "gpt2":
        shape = {"n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 16, "layer_norm_epsilon": 1e-5}
        shape["activation_function"] = "gelu_new"
    else:
        shape = {
            "hidden_size": 16, "intermediate_size": 24, "head_dim": 16, "num_attention_heads": 4,
            "num_key_value_heads": 2, "num_hidden_layers": 2, "rms_norm_eps": 1e-6,
            "rope_theta": 10000.0, "max_position_embeddings": 16,
        }
    if family == "gemma3_text":
        shape |= {
            "layer_types": ["sliding_attention", "full_attention"], "sliding_window": 3,
            "query_pre_attn_scalar": 12, "rope_local_base_freq": 100.0, "num_key_value_heads": 1,
        }
    return {"model_type": family, "vocab_size": VOCABULARY, **shape, **changes}


def decoder_feeds(config, random, batch, past, tokens, padding=None, positions=True) -> dict:
    """Feeds of a decoder; `padding` is the number of left-padded tokens of each row."""
    layers = config.get("num_hidden_layers", config.get("n_layer"))
    heads = config.get("num_key_value_heads", config.get("n_head"))
    size = config.get("head_dim") or config["n_embd"] // config["n_head"]
    mask = np.ones((batch, past + tokens), np.int64)
    for row, count in enumerate(padding or []):
        mask[row, :count] = 0
    feeds = {"input_ids": random.randint(0, VOCABULARY, (batch, tokens)), "attention_mask": mask}
    if positions:
        feeds["position_ids"] = np.maximum(np.cumsum(mask, 1) - 1, 0)[:, past:]
    for layer in range(layers):
        for name in ("key", "value"):
            feeds[f"past_key_values.{layer}.{name}"] = grid(random, (batch, heads, past, size))
    return feeds


def decoder_case(name, config, random, models, batch=1, past=0, tokens=5, padding=None, **more):
    feeds = decoder_feeds(config, random, batch, past, tokens, padding, more.pop("positions", True))
    cotangent = grid(random, (batch, tokens, VOCABULARY))
    for row, count in enumerate(padding or []):
        cotangent[row, : max(0, count - past)] = 0
    wrt = ["embeddings", *more.pop("weights", [])]
    if past:
        wrt += ["past_key_values.0.key", "past_key_values.0.value"]
    return Case(name, models, feeds, {"logits": cotangent}, wrt)


def looked_up(graph: GraphBuilder, table: str) -> str:
    """The tensor that is read from the embedding table (before Gemma scales it)."""
    return next(n.output[0] for n in graph.nodes if n.op_type == "Gather" and n.input[0] == table)


def tied(config: dict, seed: int) -> dict:
    weights = make_weights(config, seed)
    if "model.embed_tokens.weight" in weights:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    return weights


def gpt2_network(activation: str, seed: int) -> Network:
    config = config_of("gpt2", activation_function=activation)
    weights, random = tied(config, seed), np.random.RandomState(seed)
    graphs = {"primitive": primitive.gpt2(weights, config), "fused": fused.gpt2(weights, config)}
    both = list(graphs)
    wrt = [f"transformer.h.0.{n}" for n in ("ln_1.weight", "ln_2.bias", "attn.c_attn.weight",
                                            "attn.c_attn.bias", "mlp.c_fc.bias")]
    cases = [
        decoder_case("prefill", config, random, both, weights=wrt),
        decoder_case("cached", config, random, both, past=3, tokens=2, weights=wrt[:1]),
        decoder_case("left-padded", config, random, both, batch=2, tokens=4, padding=[2, 0]),
    ]
    names = {form: {"embeddings": looked_up(g, "transformer.wte.weight")} for form, g in graphs.items()}
    return Network(f"GPT-2 style, {activation} activation, fused QKV", graphs, cases, names)


def llama_network(family: str, seed: int, window_note: str = "") -> Network:
    config = config_of(family)
    weights, random = tied(config, seed), np.random.RandomState(seed)
    graphs = {
        "primitive": primitive.llama(weights, config, opset=18 if family == "gemma3_text" else 17),
        "fused": fused.FusedDecoder(weights, config, packed=family == "llama").build(),
    }
    if family == "gemma3_text":
        graphs["fused-rotary"] = fused.FusedDecoder(weights, config, positions=True).build()
    every, only = list(graphs), ["primitive"]
    wrt = ["model.layers.0.input_layernorm.weight", "model.norm.weight", "o_proj", "down_proj"]
    if family != "llama":
        wrt.append("model.layers.1.self_attn.k_norm.weight")
    cases = [
        decoder_case("prefill", config, random, every, tokens=6, weights=wrt),
        decoder_case("cached", config, random, every, past=3, tokens=2, weights=wrt[:1]),
        decoder_case("left-padded", config, random, only, batch=2, tokens=4, padding=[2, 0],
                     weights=wrt[:2]),
        decoder_case("left-padded-cached", config, random, only, batch=2, past=3, tokens=2,
                     padding=[1, 0]),
    ]
    out = {"o_proj": "model.layers.0.attn.o_proj.MatMul.weight"}
    out["down_proj"] = "model.layers.1.mlp.down_proj.MatMul.weight"
    traced = {"o_proj": "onnx::MatMul_model.layers.0.self_attn.o_proj"}
    traced["down_proj"] = "onnx::MatMul_model.layers.1.mlp.down_proj"
    table = "model.embed_tokens.weight"
    names = {
        form: {"embeddings": looked_up(g, table), **(traced if form == "primitive" else out)}
        for form, g in graphs.items()
    }
    return Network(f"{family}: grouped heads, {window_note}KV cache", graphs, cases, names)


def q4_network(seed: int) -> Network:
    """A 4-bit network against the gradient of the network that its weights stand for."""
    config = config_of("qwen3", hidden_size=32, intermediate_size=32, num_hidden_layers=1)
    weights, random = tied(config, seed), np.random.RandomState(seed)
    restored = {n: fused.quantise_q4(a)[2] if fused.is_quantised(n) else a for n, a in weights.items()}
    restored["lm_head.weight"] = weights["lm_head.weight"]
    quantised = fused.FusedDecoder(weights, config, q4=True).build()
    plain = fused_free_head(restored, fused.quantise_q4(weights["lm_head.weight"])[2], config)
    cases = [decoder_case("prefill", config, random, ["q4"], tokens=5,
                          weights=["model.layers.0.input_layernorm.weight"])]
    graphs = {"primitive": plain, "q4": quantised}
    table = "model.embed_tokens.weight"
    names = {form: {"embeddings": looked_up(g, table)} for form, g in graphs.items()}
    description = "Qwen3 with MatMulNBits, 4 bits"
    return Network(description, graphs, cases, names, unwritten=["primitive"])


def fused_free_head(weights: dict, head: np.ndarray, config: dict) -> GraphBuilder:
    """The standard graph with a head of its own instead of the embedding's transpose."""
    g = primitive.llama(weights, config)
    g.nodes[-1].input[1] = g.weight("lm_head.weight", head.T)
    return g


# -- BERT ------------------------------------------------------------------------------------

WIDTH, HEADS, INNER = 16, 2, 32


def bert_weights(random: np.random.RandomState) -> dict:
    def uniform(*shape, scale=1.0):
        return ((random.random_sample(shape) * 2 - 1) * scale).astype(np.float32)

    w = {f"embeddings.{n}.weight": uniform(rows, WIDTH) for n, rows in
         (("word", VOCABULARY), ("position", 12), ("token_type", 2))}
    norms = ["embeddings.norm"]
    for layer in range(2):
        p = f"layer.{layer}."
        norms += [p + "attention.norm", p + "output.norm"]
        shapes = {"query": (WIDTH, WIDTH), "key": (WIDTH, WIDTH), "value": (WIDTH, WIDTH),
                  "attention.dense": (WIDTH, WIDTH), "intermediate": (WIDTH, INNER),
                  "output.dense": (INNER, WIDTH)}
        for name, (rows, columns) in shapes.items():
            w[f"{p}{name}.weight"] = uniform(rows, columns, scale=math.sqrt(3 / rows))
            w[f"{p}{name}.bias"] = uniform(columns, scale=0.3)
    for name in norms:
        w[name + ".weight"], w[name + ".bias"] = uniform(WIDTH) + np.float32(1), uniform(WIDTH, scale=0.2)
    for name, columns in (("pooler", WIDTH), ("classifier", 3)):
        w[name + ".weight"], w[name + ".bias"] = uniform(WIDTH, columns), uniform(columns)
    return w


class Bert:
    """Post-norm encoder with a classifier on the first token (Devlin et al. 2019)."""

    def __init__(self, weights: dict, is_fused: bool):
        self.g = GraphBuilder(opset=17)
        self.weights, self.fused = weights, is_fused

    def w(self, name: str) -> str:
        return self.g.weight(name, self.weights[name])

    def linear(self, x: str, name: str) -> str:
        return self.g.node("Add", self.product(x, name), self.w(name + ".bias"))

    def product(self, x: str, name: str) -> str:
        return self.g.node("MatMul", x, self.w(name + ".weight"))

    def add_norm(self, x: str, product_of: str, dense: str, name: str) -> str:
        """norm(x + (product + bias))."""
        g, parameters = self.g, [self.w(name + ".weight"), self.w(name + ".bias")]
        h = self.product(product_of, dense)
        if self.fused:
            return g.node("SkipLayerNormalization", h, x, *parameters, self.w(dense + ".bias"),
                          domain=MICROSOFT, epsilon=1e-12)
        total = g.node("Add", g.node("Add", h, self.w(dense + ".bias")), x)
        return primitive.layer_norm(g, total, *parameters, 1e-12)

    def attention(self, x: str, p: str, bias: str) -> str:
        g = self.g
        parts = [self.linear(x, p + name) for name in ("query", "key", "value")]
        if self.fused:
            return g.node("MultiHeadAttention", *parts, "", "", bias, domain=MICROSOFT, num_heads=HEADS)
        parts = [primitive.split_heads(g, part, HEADS, WIDTH // HEADS) for part in parts]
        q, k, v = (g.node("Transpose", part, perm=[0, 2, 1, 3]) for part in parts)
        return primitive.attend(g, q, k, v, bias, (WIDTH // HEADS) ** -0.5, WIDTH)

    def build(self) -> GraphBuilder:
        g = self.g
        for name in ("input_ids", "attention_mask", "token_type_ids"):
            g.input(name, "int64", ["batch_size", "sequence_length"])
        g.output("logits", "float32", ["batch_size", 3])
        words = g.node("Gather", self.w("embeddings.word.weight"), "input_ids", outputs=["embeddings"])
        x = g.node("Add", words, g.node("Gather", self.w("embeddings.token_type.weight"), "token_type_ids"))
        tokens = g.dim("input_ids", 1)
        x = g.node("Add", x, g.slice(self.w("embeddings.position.weight"), 0, tokens, 0))
        x = primitive.layer_norm(g, x, self.w("embeddings.norm.weight"), self.w("embeddings.norm.bias"), 1e-12)
        mask = g.cast(g.node("Unsqueeze", "attention_mask", g.constant([1, 2])), "float32")
        mask = g.node("Sub", g.constant(1.0, "float32"), mask)
        bias = g.node("Mul", mask, g.constant(primitive.LOWEST, "float32"))
        if self.fused:  # the fused operator wants the queries' axis
            bias = g.node("Expand", bias, g.shape(1, 1, tokens, 1))
        for layer in range(2):
            p = f"layer.{layer}."
            x = self.add_norm(x, self.attention(x, p, bias), p + "attention.dense", p + "attention.norm")
            h = self.product(x, p + "intermediate")
            if self.fused:
                h = g.node("BiasGelu", h, self.w(p + "intermediate.bias"), domain=MICROSOFT)
            else:
                h = primitive.gelu_erf(g, g.node("Add", h, self.w(p + "intermediate.bias")))
            x = self.add_norm(x, h, p + "output.dense", p + "output.norm")
        first = g.node("Gather", x, g.constant(0), axis=1)
        pooled = g.node("Tanh", g.node("Gemm", first, self.w("pooler.weight"), self.w("pooler.bias")))
        g.node("Gemm", pooled, self.w("classifier.weight"), self.w("classifier.bias"), outputs=["logits"])
        return g


def bert_network(seed: int) -> Network:
    random = np.random.RandomState(seed)
    weights = bert_weights(random)
    graphs = {form: Bert(weights, form == "fused").build() for form in ("primitive", "fused")}
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])
    feeds = {"input_ids": random.randint(0, VOCABULARY, (2, 6)), "attention_mask": mask,
             "token_type_ids": np.array([[0, 0, 0, 1, 1, 1]] * 2)}
    wrt = ["embeddings", "embeddings.norm.weight", "layer.0.query.weight", "layer.1.output.norm.bias",
           "layer.0.intermediate.bias", "classifier.weight"]
    case = Case("padded", list(graphs), feeds, {"logits": grid(random, (2, 3))}, wrt)
    return Network("BERT style classifier with right padding", graphs, [case], {})


TEXT = {
    "gpt2": lambda: gpt2_network("gelu_new", 1),
    "gpt2-erf": lambda: gpt2_network("gelu", 2),
    "llama": lambda: llama_network("llama", 3),
    "qwen3": lambda: llama_network("qwen3", 4, "QK-norm, "),
    "gemma3": lambda: llama_network("gemma3_text", 5, "QK-norm, sliding window, "),
    "qwen3-q4": lambda: q4_network(6),
    "bert": lambda: bert_network(7),
}
