"""Small image networks as oracles: ViT, a MobileNet-like CNN, a U-Net and a style-based generator."""

from __future__ import annotations

import math

import numpy as np

import decoder_primitive as primitive
from case import Case, Network, grid
from onnx_graph import GraphBuilder


class Builder(GraphBuilder):
    """A graph builder that draws its weights."""

    def __init__(self, seed: int, opset: int = 17):
        super().__init__(opset, ir_version=8 if opset < 19 else 10)
        self.random = np.random.RandomState(seed)

    def draw(self, name: str, shape, scale: float = 1.0, shift: float = 0.0) -> str:
        values = (self.random.random_sample(shape) * 2 - 1) * scale + shift
        return self.weight(name, values.astype(np.float32))

    def conv(self, x: str, name: str, inputs: int, outputs: int, kernel: int, bias=True, **attributes) -> str:
        group = attributes.get("group", 1)
        shape = (outputs, inputs // group, kernel, kernel)
        scale = math.sqrt(3 / (shape[1] * kernel * kernel))
        parameters = [self.draw(name + ".weight", shape, scale)]
        if bias:
            parameters.append(self.draw(name + ".bias", (outputs,), 0.3))
        return self.node("Conv", x, *parameters, kernel_shape=[kernel, kernel], **attributes)

    def linear(self, x: str, name: str, inputs: int, outputs: int) -> str:
        weight = self.draw(name + ".weight", (outputs, inputs), math.sqrt(3 / inputs))
        return self.node("Gemm", x, weight, self.draw(name + ".bias", (outputs,), 0.3), transB=1)

    def scale_of(self, value: float) -> str:
        return self.constant(value, "float32")

    def image(self, name: str, channels: int, size) -> str:
        return self.input(name, "float32", ["batch_size", channels, size, size])


def finish(description: str, g: Builder, feeds: dict, output: str, dims, wrt: list[str]) -> Network:
    case = Case("forward", ["model"], feeds, {output: grid(g.random, dims)}, wrt)
    return Network(description, {"model": g}, [case], {})


# -- ViT (Dosovitskiy et al. 2021) -------------------------------------------------------------


def vit(seed: int) -> Network:
    g, width, heads, tokens = Builder(seed, opset=20), 16, 2, 17
    pixels = g.image("pixel_values", 3, 16)
    g.output("logits", "float32", ["batch_size", 5])
    x = g.conv(pixels, "patch", 3, width, 4, strides=[4, 4])
    x = g.node("Reshape", x, g.shape(g.dim(x, 0), width, -1))
    x = g.node("Transpose", x, perm=[0, 2, 1])
    first = g.node("Expand", g.draw("cls_token", (1, 1, width)), g.shape(g.dim(x, 0), 1, width))
    x = g.node("Concat", first, x, axis=1)
    x = g.node("Add", x, g.draw("position_embeddings", (1, tokens, width)), outputs=["embeddings"])

    def norm(x, name):
        return g.node("LayerNormalization", x, g.draw(name + ".weight", (width,), 0.5, 1.0),
                      g.draw(name + ".bias", (width,), 0.2), axis=-1, epsilon=1e-12)

    def linear(x, name, rows, columns):
        weight = g.draw(name + ".weight", (rows, columns), math.sqrt(3 / rows))
        return g.node("Add", g.draw(name + ".bias", (columns,), 0.2), g.node("MatMul", x, weight))

    zero = g.scale_of(0.0)
    for layer in range(2):
        p = f"layer.{layer}."
        h = norm(x, p + "norm_before")
        parts = [linear(h, p + n, width, width) for n in ("query", "key", "value")]
        parts = [primitive.split_heads(g, part, heads, width // heads) for part in parts]
        q, k, v = (g.node("Transpose", part, perm=[0, 2, 1, 3]) for part in parts)
        h = primitive.attend(g, q, k, v, zero, (width // heads) ** -0.5, width)
        x = g.node("Add", linear(h, p + "dense", width, width), x)
        h = linear(norm(x, p + "norm_after"), p + "intermediate", width, 32)
        h = g.node("Gelu", h, approximate="none")
        x = g.node("Add", linear(h, p + "output", 32, width), x)
    x = norm(x, "norm")
    first = g.node("Gather", x, g.constant(0), axis=1)
    g.linear(first, "classifier", width, 5)
    g.nodes[-1].output[0] = "logits"
    feeds = {"pixel_values": grid(g.random, (2, 3, 16, 16))}
    wrt = ["pixel_values", "patch.weight", "cls_token", "layer.0.query.weight", "layer.1.norm_after.bias"]
    return finish("ViT, opset 20, LayerNormalization and Gelu as operators", g, feeds, "logits", (2, 5), wrt)


# -- MobileNet-like CNN (Howard et al. 2019) -----------------------------------------------------


def batch_norm(g: Builder, x: str, name: str, channels: int) -> str:
    parameters = [
        g.draw(name + ".weight", (channels,), 0.5, 1.0), g.draw(name + ".bias", (channels,), 0.3),
        g.draw(name + ".running_mean", (channels,), 0.3), g.draw(name + ".running_var", (channels,), 0.5, 1.0),
    ]
    return g.node("BatchNormalization", x, *parameters, epsilon=1e-3)


def squeeze_excite(g: Builder, x: str, name: str, channels: int) -> str:
    """Channel gates (Hu et al. 2018)."""
    h = g.node("GlobalAveragePool", x)
    h = g.node("Relu", g.conv(h, name + ".reduce", channels, 4, 1))
    h = g.node("HardSigmoid", g.conv(h, name + ".expand", 4, channels, 1), alpha=1 / 6, beta=0.5)
    return g.node("Mul", x, h)


def mobilenet(seed: int) -> Network:
    g = Builder(seed)
    x = g.image("pixel_values", 3, 20)
    g.output("logits", "float32", ["batch_size", 6])
    x = g.conv(x, "stem", 3, 8, 3, bias=False, strides=[2, 2], pads=[1, 1, 1, 1])
    x = g.node("HardSwish", batch_norm(g, x, "stem_norm", 8), outputs=["features.0"])
    h = g.node("Clip", batch_norm(g, g.conv(x, "wide", 8, 16, 1, bias=False), "wide_norm", 16),
               g.scale_of(0.0), g.scale_of(6.0))
    h = g.conv(h, "depthwise", 16, 16, 3, bias=False, group=16, pads=[2, 2, 2, 2], dilations=[2, 2])
    h = squeeze_excite(g, g.node("HardSwish", batch_norm(g, h, "depthwise_norm", 16)), "gate", 16)
    h = batch_norm(g, g.conv(h, "narrow", 16, 8, 1, bias=False), "narrow_norm", 8)
    x = g.node("Add", x, h)
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = g.conv(x, "grouped", 8, 12, 3, group=2, auto_pad="SAME_UPPER", strides=[2, 2])
    x = g.node("AveragePool", g.node("Relu", x), kernel_shape=[2, 2], pads=[0, 0, 1, 1], strides=[1, 1])
    x = g.node("Flatten", g.node("GlobalAveragePool", x), axis=1)
    g.linear(x, "classifier", 12, 6)
    g.nodes[-1].output[0] = "logits"
    feeds = {"pixel_values": grid(g.random, (1, 3, 20, 20))}
    wrt = ["pixel_values", "features.0", "stem.weight", "depthwise.weight", "narrow_norm.weight",
           "gate.expand.weight", "grouped.bias"]
    # An inner tensor cuts its past off, so it is a case of its own.
    network = finish("MobileNet-like: depthwise, dilation, BatchNorm, HardSwish, gates, pooling", g, feeds,
                     "logits", (1, 6), [name for name in wrt if name != "features.0"])
    cut = Case("from features.0", ["model"], feeds, network.cases[0].cotangents, ["features.0"])
    network.cases.append(cut)
    return network


# -- U-Net (Ronneberger et al. 2015; time embedding as in Ho et al. 2020) ----------------------


def group_norm(g: Builder, x: str, name: str, channels: int, groups: int) -> str:
    """The way PyTorch's exporter writes GroupNorm: InstanceNormalization over reshaped groups."""
    flat = g.node("Reshape", x, g.constant([0, groups, -1]))
    ones, zeros = np.ones(groups, np.float32), np.zeros(groups, np.float32)
    flat = g.node("InstanceNormalization", flat, g.constant(ones, "float32"), g.constant(zeros, "float32"),
                  epsilon=1e-5)
    back = g.node("Reshape", flat, g.node("Shape", x))
    back = g.node("Mul", back, g.draw(name + ".weight", (channels, 1, 1), 0.5, 1.0))
    return g.node("Add", back, g.draw(name + ".bias", (channels, 1, 1), 0.3))


def silu(g: Builder, x: str) -> str:
    return g.node("Mul", x, g.node("Sigmoid", x))


def time_embedding(g: Builder, width: int) -> str:
    """Sines and cosines of the time step, then two layers; `[batch, width]`."""
    half = width // 2
    frequency = np.exp(-math.log(1000) * np.arange(half) / half).astype(np.float32)
    angle = g.node("Mul", g.node("Unsqueeze", "timestep", g.constant([1])), g.weight("frequencies", frequency))
    h = g.node("Concat", g.node("Sin", angle), g.node("Cos", angle), axis=1)
    return g.linear(silu(g, g.linear(h, "time.0", width, width)), "time.1", width, width)


def residual(g: Builder, x: str, time: str, name: str, inputs: int, outputs: int) -> str:
    h = g.conv(silu(g, group_norm(g, x, name + ".norm1", inputs, 2)), name + ".conv1", inputs, outputs, 3,
               pads=[1] * 4)
    shift = g.node("Unsqueeze", g.linear(silu(g, time), name + ".time", 8, outputs), g.constant([2, 3]))
    h = g.node("Add", h, shift)
    h = g.conv(silu(g, group_norm(g, h, name + ".norm2", outputs, 4)), name + ".conv2", outputs, outputs, 3,
               pads=[1] * 4)
    return g.node("Add", h, x if inputs == outputs else g.conv(x, name + ".skip", inputs, outputs, 1))


def spatial_attention(g: Builder, x: str, channels: int) -> str:
    """Single-head attention over the pixels of `[batch, channels, h, w]`."""
    flat = g.node("Reshape", group_norm(g, x, "attention.norm", channels, 2), g.constant([0, channels, -1]))
    flat = g.node("Transpose", flat, perm=[0, 2, 1])
    q, k, v = (g.node("MatMul", flat, g.draw(f"attention.{n}.weight", (channels, channels), 0.6)) for n in "qkv")
    scores = g.node("MatMul", q, g.node("Transpose", k, perm=[0, 2, 1]))
    scores = g.node("Div", scores, g.scale_of(math.sqrt(channels)))
    h = g.node("Transpose", g.node("MatMul", g.node("Softmax", scores, axis=-1), v), perm=[0, 2, 1])
    return g.node("Add", x, g.node("Reshape", h, g.node("Shape", x)))


def unet(seed: int) -> Network:
    g = Builder(seed)
    x = g.image("sample", 2, 12)
    g.input("timestep", "float32", ["batch_size"])
    g.output("noise", "float32", ["batch_size", 2, 12, 12])
    time = time_embedding(g, 8)
    first = residual(g, g.conv(x, "enter", 2, 8, 3, pads=[1] * 4), time, "down0", 8, 8)
    second = residual(g, g.conv(first, "halve0", 8, 8, 3, strides=[2, 2], pads=[1] * 4), time, "down1", 8, 12)
    x = g.node("InstanceNormalization", g.conv(second, "halve1", 12, 12, 3, strides=[2, 2], pads=[1] * 4),
               g.draw("instance.weight", (12,), 0.5, 1.0), g.draw("instance.bias", (12,), 0.3), epsilon=1e-5)
    x = spatial_attention(g, x, 12)
    scales = g.constant([1.0, 1.0, 2.0, 2.0], "float32")
    x = g.node("Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
               nearest_mode="floor")
    x = residual(g, g.node("Concat", g.conv(x, "widen", 12, 12, 3, pads=[1] * 4), second, axis=1), time,
                 "up1", 24, 8)
    up = g.draw("transposed.weight", (8, 8, 4, 4), 0.3)
    x = g.node("ConvTranspose", x, up, g.draw("transposed.bias", (8,), 0.3), kernel_shape=[4, 4],
               strides=[2, 2], pads=[1] * 4)
    x = residual(g, g.node("Concat", x, first, axis=1), time, "up0", 16, 8)
    g.conv(silu(g, group_norm(g, x, "leave.norm", 8, 2)), "leave", 8, 2, 3, pads=[1] * 4)
    g.nodes[-1].output[0] = "noise"
    feeds = {"sample": grid(g.random, (2, 2, 12, 12)), "timestep": np.array([3.0, 41.0], np.float32)}
    wrt = ["sample", "timestep", "time.0.weight", "down0.norm2.weight", "attention.k.weight",
           "instance.weight", "transposed.weight", "up0.skip.weight"]
    return finish("U-Net: GroupNorm, InstanceNorm, attention, Resize, ConvTranspose, time embedding", g, feeds,
                  "noise", (2, 2, 12, 12), wrt)


# -- Style-based generator (Karras et al. 2020) --------------------------------------------------


def modulated_conv(g: Builder, x: str, style: str, name: str, inputs: int, outputs: int, size: int,
                   kernel: int = 3, demodulate: bool = True) -> str:
    """A convolution whose weights are scaled by a style and normalised again, sample by sample:
    one group for each sample. x `[batch, inputs, size, size]`, style `[batch, inputs]`."""
    batch = g.dim(x, 0)
    weight = g.draw(name + ".weight", (1, outputs, inputs, kernel, kernel))
    scaled = g.node("Mul", weight, g.node("Unsqueeze", style, g.constant([1, 3, 4])))
    if demodulate:
        energy = g.node("ReduceSum", g.node("Mul", scaled, scaled), g.constant([2, 3, 4]), keepdims=1)
        norm = g.node("Sqrt", g.node("Add", energy, g.scale_of(1e-8)))
        scaled = g.node("Div", scaled, norm)
    batches = 2  # the group count is an attribute, so the exporter fixes the batch
    kernels = g.node("Reshape", scaled, g.constant([batches * outputs, inputs, kernel, kernel]))
    flat = g.node("Reshape", x, g.constant([1, batches * inputs, size, size]))
    y = g.node("Conv", flat, kernels, kernel_shape=[kernel, kernel], group=batches, pads=[kernel // 2] * 4)
    return g.node("Reshape", y, g.shape(batch, outputs, size, size))


def style_layer(g: Builder, x: str, w: str, name: str, channels: int, size: int) -> str:
    style = g.linear(w, name + ".affine", 12, channels)
    x = modulated_conv(g, x, style, name, channels, channels, size)
    noise = g.draw(name + ".noise", (1, 1, size, size))
    x = g.node("Add", x, g.node("Mul", noise, g.draw(name + ".strength", (1,))))
    x = g.node("Add", x, g.draw(name + ".bias", (1, channels, 1, 1), 0.3))
    return g.node("Mul", g.node("LeakyRelu", x, alpha=0.2), g.scale_of(math.sqrt(2)))


def to_rgb(g: Builder, x: str, w: str, name: str, channels: int, size: int) -> str:
    style = g.linear(w, name + ".affine", 12, channels)
    y = modulated_conv(g, x, style, name, channels, 3, size, kernel=1, demodulate=False)
    return g.node("Add", y, g.draw(name + ".bias", (1, 3, 1, 1), 0.3))


def double(g: Builder, x: str) -> str:
    scales = g.constant([1.0, 1.0, 2.0, 2.0], "float32")
    return g.node("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")


def style_generator(seed: int) -> Network:
    g = Builder(seed)
    g.input("z", "float32", [2, 12])
    g.output("image", "float32", [2, 3, 8, 8])
    energy = g.reduce_mean(g.node("Mul", "z", "z"))
    w = g.node("Div", "z", g.node("Sqrt", g.node("Add", energy, g.scale_of(1e-8))))
    for layer in range(3):
        w = g.node("LeakyRelu", g.linear(w, f"mapping.{layer}", 12, 12), alpha=0.2)
    w = g.node("Identity", w, outputs=["w"])
    x = g.node("Expand", g.draw("constant", (1, 8, 4, 4)), g.constant([2, 8, 4, 4]))
    x = style_layer(g, x, w, "block4.conv", 8, 4)
    image = to_rgb(g, x, w, "block4.rgb", 8, 4)
    x = style_layer(g, double(g, x), w, "block8.conv", 8, 8)
    g.node("Add", to_rgb(g, x, w, "block8.rgb", 8, 8), double(g, image), outputs=["image"])
    feeds = {"z": grid(g.random, (2, 12))}
    wrt = ["z", "constant", "mapping.1.weight", "block4.conv.weight", "block8.conv.affine.weight",
           "block8.conv.strength", "block8.rgb.weight"]
    network = finish("Style-based generator: modulated and demodulated convolution, bilinear upsampling", g,
                     feeds, "image", (2, 3, 8, 8), wrt)
    network.cases.append(Case("from w", ["model"], feeds, network.cases[0].cotangents, ["w"]))
    return network


IMAGE = {
    "vit": lambda: vit(11),
    "mobilenet": lambda: mobilenet(12),
    "unet": lambda: unet(13),
    "style-generator": lambda: style_generator(14),
}
