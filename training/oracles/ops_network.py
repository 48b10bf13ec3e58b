"""Convolutions, pooling, resizing and normalisations in PyTorch."""

from __future__ import annotations

import torch
from torch.nn import functional as F

CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d}
MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d}


def pads_of(a, x, kernel, strides, dilations):
    """ONNX pads (begins, ends) with `auto_pad` resolved."""
    rank = x.dim() - 2
    mode = a.get("auto_pad", "NOTSET")
    if mode in ("NOTSET", "VALID"):
        return list(a.get("pads", [0] * (2 * rank)))
    begins, ends = [], []
    for axis in range(rank):
        size, stride = x.shape[2 + axis], strides[axis]
        wanted = (-(-size // stride) - 1) * stride + (kernel[axis] - 1) * dilations[axis] + 1 - size
        wanted = max(wanted, 0)
        small, large = wanted // 2, wanted - wanted // 2
        begins.append(small if mode == "SAME_UPPER" else large)
        ends.append(large if mode == "SAME_UPPER" else small)
    return begins + ends


def pad(x, pads, value=0.0, mode="constant"):
    """Pads the trailing axes by ONNX (begins, ends); negative pads crop."""
    rank = len(pads) // 2
    pairs = [p for axis in reversed(range(rank)) for p in (pads[axis], pads[axis + rank])]
    return F.pad(x, pairs, mode, value) if mode == "constant" else F.pad(x, pairs, mode)


def convolution(a, x, w, bias=None):
    rank = x.dim() - 2
    strides, dilations = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    x = pad(x, pads_of(a, x, w.shape[2:], strides, dilations))
    return CONVOLVE[rank](x, w, bias, strides, 0, dilations, a.get("group", 1))


def transposed_convolution(a, x, w, bias=None):
    """The unpadded result, cropped by pads: torch's own padding is symmetric only."""
    rank = x.dim() - 2
    strides, dilations = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    extra = a.get("output_padding", [0] * rank)
    pads = a.get("pads", [0] * (2 * rank))
    group = a.get("group", 1)
    y = TRANSPOSE[rank](x, w, None, strides, 0, 0, group, dilations)
    y = pad(pad(y, [0] * rank + list(extra)), [-p for p in pads])
    return y if bias is None else y + per_channel(bias, y)


def max_pool(a, x):
    rank = x.dim() - 2
    kernel = a["kernel_shape"]
    strides, dilations = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    x = pad(x, pads_of(a, x, kernel, strides, dilations), -float("inf"))
    return MAX_POOL[rank](x, kernel, strides, 0, dilations)


def average_pool(a, x):
    """Sum by a depthwise convolution of ones, divided by the number of counted places."""
    rank = x.dim() - 2
    kernel = a["kernel_shape"]
    strides = a.get("strides", [1] * rank)
    pads = pads_of(a, x, kernel, strides, [1] * rank)
    ones = torch.ones([x.shape[1], 1, *kernel], dtype=x.dtype)
    total = CONVOLVE[rank](pad(x, pads), ones, None, strides, 0, 1, x.shape[1])
    inside = pad(torch.ones_like(x), pads, 1.0 if a.get("count_include_pad", 0) else 0.0)
    return total / CONVOLVE[rank](inside, ones, None, strides, 0, 1, x.shape[1])


def global_pool(function):
    return lambda a, x: function(x, list(range(2, x.dim())))


def resize(a, x, roi=None, scales=None, sizes=None):
    """Spatial resizing in the modes that torch shares with ONNX."""
    mode, coordinates = a.get("mode", "nearest"), a.get("coordinate_transformation_mode", "half_pixel")
    if sizes is not None:
        target = sizes.tolist()[2:]
    else:
        target = [int(s * f) for s, f in zip(x.shape[2:], scales.tolist()[2:])]
    if mode == "nearest":
        assert coordinates == "asymmetric" and a.get("nearest_mode") == "floor"
        return F.interpolate(x, size=target, mode="nearest")
    torch_mode = {"linear": {1: "linear", 2: "bilinear"}[x.dim() - 2], "cubic": "bicubic"}[mode]
    assert coordinates in ("half_pixel", "pytorch_half_pixel", "align_corners")
    return F.interpolate(x, size=target, mode=torch_mode, align_corners=coordinates == "align_corners")


def pad_node(a, x, pads, value=None, axes=None):
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}[a.get("mode", "constant")]
    pads = pads.tolist()
    if axes is not None:
        chosen = [axis % x.dim() for axis in axes.tolist()]
        full = [0] * (2 * x.dim())
        for index, axis in enumerate(chosen):
            full[axis], full[axis + x.dim()] = pads[index], pads[index + len(chosen)]
        pads = full
    if mode != "constant":  # torch wants the spatial axes only
        rank = x.dim()
        pads = pads[2:rank] + pads[rank + 2 :]
    return pad(x, pads, 0.0 if value is None else float(value), mode)


def per_channel(v, x):
    return v.reshape([1, -1] + [1] * (x.dim() - 2))


def batch_norm(a, x, scale, bias, mean, variance):
    scaled = (x - per_channel(mean, x)) / torch.sqrt(per_channel(variance, x) + a.get("epsilon", 1e-5))
    return scaled * per_channel(scale, x) + per_channel(bias, x)


def instance_norm(a, x, scale, bias):
    return F.instance_norm(x, weight=scale, bias=bias, eps=a.get("epsilon", 1e-5))


def group_norm(a, x, scale, bias):
    """Scale and bias by channel (opset 21)."""
    return F.group_norm(x, a["num_groups"], scale, bias, a.get("epsilon", 1e-5))


def layer_norm(a, x, scale, bias=None):
    axis = a.get("axis", -1) % x.dim()
    return F.layer_norm(x, x.shape[axis:], scale, bias, a.get("epsilon", 1e-5))


def rms_norm(a, x, scale):
    axes = list(range(a.get("axis", -1) % x.dim(), x.dim()))
    return x * torch.rsqrt(x.pow(2).mean(axes, keepdim=True) + a.get("epsilon", 1e-5)) * scale


def local_response_norm(a, x):
    """ONNX sums over the window and divides by its size, as torch does."""
    return F.local_response_norm(x, a["size"], a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0))


def mean_variance_norm(a, x):
    axes = a.get("axes", [0, 2, 3])
    centred = x - x.mean(axes, keepdim=True)
    return centred / (centred.pow(2).mean(axes, keepdim=True).sqrt() + 1e-9)


def grid_sample(a, x, grid):
    mode = {"linear": "bilinear", "bilinear": "bilinear", "nearest": "nearest"}[a.get("mode", "linear")]
    return F.grid_sample(x, grid, mode, a.get("padding_mode", "zeros"), bool(a.get("align_corners", 0)))


def depth_to_space(a, x):
    size = a["blocksize"]
    n, c, h, w = x.shape
    if a.get("mode", "DCR") == "CRD":
        parts = x.reshape(n, c // size**2, size, size, h, w).permute(0, 1, 4, 2, 5, 3)
    else:
        parts = x.reshape(n, size, size, c // size**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return parts.reshape(n, c // size**2, h * size, w * size)


def space_to_depth(a, x):
    size = a["blocksize"]
    n, c, h, w = x.shape
    parts = x.reshape(n, c, h // size, size, w // size, size).permute(0, 3, 5, 1, 2, 4)
    return parts.reshape(n, c * size**2, h // size, w // size)


NETWORK = {
    "Conv": convolution,
    "ConvTranspose": transposed_convolution,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_pool(lambda x, axes: x.mean(axes, keepdim=True)),
    "GlobalMaxPool": global_pool(lambda x, axes: x.amax(axes, keepdim=True)),
    "Resize": resize,
    "Pad": pad_node,
    "BatchNormalization": batch_norm,
    "InstanceNormalization": instance_norm,
    "GroupNormalization": group_norm,
    "LayerNormalization": layer_norm,
    "RMSNormalization": rms_norm,
    "LRN": local_response_norm,
    "MeanVarianceNormalization": mean_variance_norm,
    "GridSample": grid_sample,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
}
