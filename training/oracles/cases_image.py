"""Convolution, pooling, normalisation and resampling cases."""

from __future__ import annotations

from row import const, row, spread

IMAGE = spread(2, 4, 5, 6)
K3 = {"kernel_shape": [3, 3]}

CONVOLUTION = [
    row("Conv", [spread(1, 2, 5, 5), spread(3, 2, 3, 3)], "plain", **K3),
    row("Conv", [spread(2, 2, 5, 6), spread(3, 2, 3, 3), spread(3)], "bias, padded", pads=[1, 1, 1, 1], **K3),
    row("Conv", [spread(1, 2, 7, 6), spread(3, 2, 3, 3)], "strides leave a rest", strides=[2, 2], **K3),
    row("Conv", [spread(1, 2, 6, 6), spread(2, 2, 3, 2)], "uneven pads", pads=[1, 0, 2, 1], strides=[1, 2]),
    row("Conv", [spread(1, 2, 7, 7), spread(2, 2, 3, 3)], "dilated", dilations=[2, 2], pads=[2, 2, 2, 2], **K3),
    row("Conv", [spread(1, 4, 5, 5), spread(6, 2, 3, 3), spread(6)], "groups", group=2, pads=[1, 1, 1, 1], **K3),
    row("Conv", [spread(2, 4, 5, 5), spread(4, 1, 3, 3)], "depthwise", group=4, strides=[2, 2], pads=[1] * 4, **K3),
    row("Conv", [spread(1, 3, 5, 5), spread(6, 1, 3, 3)], "depthwise multiplier", group=3, dilations=[2, 1], **K3),
    row("Conv", [spread(1, 3, 4, 4), spread(2, 3, 1, 1)], "pointwise", kernel_shape=[1, 1]),
    row("Conv", [spread(1, 2, 6, 5), spread(2, 2, 3, 3)], "same upper", auto_pad="SAME_UPPER", strides=[2, 2], **K3),
    row("Conv", [spread(1, 2, 6, 5), spread(2, 2, 2, 2)], "same lower", auto_pad="SAME_LOWER"),
    row("Conv", [spread(2, 2, 8), spread(3, 2, 3), spread(3)], "one axis", strides=[2], pads=[1, 1], dilations=[2]),
    row("ConvTranspose", [spread(1, 3, 4, 4), spread(3, 2, 3, 3)], "plain", **K3),
    row("ConvTranspose", [spread(2, 3, 3, 4), spread(3, 2, 4, 4), spread(2)], "doubling", strides=[2, 2],
        pads=[1, 1, 1, 1], kernel_shape=[4, 4]),
    row("ConvTranspose", [spread(1, 2, 3, 3), spread(2, 2, 3, 3), spread(2)], "output padding", strides=[2, 2],
        pads=[1, 1, 1, 1], output_padding=[1, 1], **K3),
    row("ConvTranspose", [spread(1, 4, 3, 3), spread(4, 1, 3, 3)], "groups", group=2, strides=[2, 1], **K3),
    row("ConvTranspose", [spread(1, 2, 3, 3), spread(2, 2, 2, 2)], "dilated", dilations=[2, 2]),
    row("ConvTranspose", [spread(1, 2, 5), spread(2, 3, 3)], "one axis", strides=[2]),
    row("MaxPool", [IMAGE], "plain", kernel_shape=[2, 2]),
    row("MaxPool", [IMAGE], "strided, padded", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    row("MaxPool", [IMAGE], "same upper", kernel_shape=[2, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
    row("MaxPool", [spread(1, 2, 7, 7)], "dilated", kernel_shape=[2, 2], dilations=[2, 2]),
    row("MaxPool", [spread(2, 3, 8)], "one axis", kernel_shape=[2], strides=[2]),
    row("AveragePool", [IMAGE], "plain", kernel_shape=[2, 2], strides=[2, 2]),
    row("AveragePool", [IMAGE], "padding not counted", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    row("AveragePool", [IMAGE], "padding counted", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2],
        count_include_pad=1),
    row("AveragePool", [spread(2, 3, 8)], "one axis", kernel_shape=[3], strides=[2]),
    row("GlobalAveragePool", [IMAGE]),
    row("GlobalMaxPool", [IMAGE]),
]

C = {"scale": spread(4, low=0.5), "bias": spread(4, key="bias")}
STATS = [const(spread(4, key="mean").tolist(), "float32"), const(spread(4, low=0.5, high=2, key="v").tolist(), "float32")]
NORMALISATION = [
    row("BatchNormalization", [IMAGE, C["scale"], C["bias"], *STATS], "inference", epsilon=1e-3),
    row("BatchNormalization", [spread(3, 4), C["scale"], C["bias"], *STATS], "rank 2"),
    row("BatchNormalization", [spread(2, 4, 3), C["scale"], C["bias"], spread(4, key="m"),
                               spread(4, low=0.5, high=2, key="w")], "statistics as inputs"),
    row("InstanceNormalization", [IMAGE, C["scale"], C["bias"]], epsilon=1e-3),
    row("InstanceNormalization", [spread(2, 4, 5), C["scale"], C["bias"]], "one axis"),
    row("LayerNormalization", [spread(2, 3, 6), spread(6, low=0.5), spread(6, key="b")], epsilon=1e-4),
    row("LayerNormalization", [spread(2, 3, 6), spread(6, low=0.5)], "no bias"),
    row("LayerNormalization", [spread(2, 3, 4), spread(3, 4), spread(3, 4, key="b")], "two axes", axis=1),
    row("GroupNormalization", [IMAGE, C["scale"], C["bias"]], opset=21, num_groups=2, epsilon=1e-3),
    row("RMSNormalization", [spread(2, 3, 6), spread(6, low=0.5)], opset=23, epsilon=1e-4),
    row("LpNormalization", [spread(3, 5)], "L2", axis=-1, p=2),
    row("LpNormalization", [spread(3, 5)], "L1, axis 0", axis=0, p=1),
    row("LRN", [spread(1, 6, 3, 3)], size=3, alpha=0.3, beta=0.75, bias=1.5),
    row("MeanVarianceNormalization", [IMAGE], axes=[0, 2, 3]),
]


def scaled(*factors: float):
    return [None, const([1.0, 1.0, *factors], "float32")]


SMALL = spread(1, 2, 3, 4)
FLOOR = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
RESAMPLING = [
    row("Resize", [SMALL, *scaled(2.0, 2.0)], "nearest, doubled", **FLOOR),
    row("Resize", [SMALL, *scaled(2.0, 3.0)], "nearest, uneven", **FLOOR),
    row("Resize", [spread(1, 2, 4, 6), *scaled(0.5, 0.5)], "nearest, halved", **FLOOR),
    row("Resize", [SMALL, None, None, const([1, 2, 6, 8])], "nearest, sizes", **FLOOR),
    row("Resize", [SMALL, *scaled(2.0, 2.0)], "linear, doubled", mode="linear",
        coordinate_transformation_mode="half_pixel"),
    row("Resize", [SMALL, None, None, const([1, 2, 5, 7])], "linear, sizes, pytorch_half_pixel", mode="linear",
        coordinate_transformation_mode="pytorch_half_pixel"),
    row("Resize", [SMALL, None, None, const([1, 2, 5, 7])], "linear, align corners", mode="linear",
        coordinate_transformation_mode="align_corners"),
    row("Resize", [SMALL, *scaled(2.0, 2.0)], "cubic, doubled", mode="cubic",
        coordinate_transformation_mode="half_pixel", cubic_coeff_a=-0.75),
    row("Pad", [SMALL, const([0, 0, 1, 2, 0, 0, 2, 0])], "constant"),
    row("Pad", [SMALL, const([0, 0, 1, 0, 0, 0, 0, 2]), const(0.5, "float32")], "constant value"),
    row("Pad", [SMALL, const([1, 2]), None, const([-1])], "axes", opset=18),
    row("Pad", [SMALL, const([0, 0, -1, 1, 0, 0, 0, -1])], "negative"),
    row("Pad", [SMALL, const([0, 0, 2, 1, 0, 0, 1, 3])], "reflect", mode="reflect"),
    row("Pad", [SMALL, const([0, 0, 2, 1, 0, 0, 1, 2])], "edge", mode="edge"),
    row("DepthToSpace", [spread(1, 8, 2, 3)], "DCR", blocksize=2, mode="DCR"),
    row("DepthToSpace", [spread(1, 8, 2, 3)], "CRD", blocksize=2, mode="CRD"),
    row("SpaceToDepth", [spread(1, 2, 4, 6)], blocksize=2),
    row("GridSample", [SMALL, spread(1, 3, 3, 2, low=-0.9, high=0.9)], "bilinear", opset=20, mode="linear"),
    row("GridSample", [SMALL, spread(1, 3, 3, 2, low=-1.2, high=1.2)], "align corners, border", opset=20,
        mode="linear", padding_mode="border", align_corners=1),
]
