"""Writes src/lib/graph/operators.ts: every operator of ai.onnx, from Debian's python3-onnx.

    /usr/bin/python3 scripts/list-onnx-operators.py

That package knows operator sets up to 17; what later ones added is listed here by hand.
"""
import pathlib

import onnx

LATER = {
    18: "BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization Mish",
    19: "DeformConv",
    20: "AffineGrid Gelu ImageDecoder RegexFullMatch StringConcat StringSplit",
    23: "Attention RMSNormalization RotaryEmbedding",
    24: "Swish TensorScatter",
}
CONTRIB = (
    "Attention BiasGelu DynamicQuantizeMatMul EmbedLayerNormalization FastGelu FusedConv FusedMatMul GatherBlockQuantized Gelu GroupNorm "
    "GroupQueryAttention MatMulIntegerToFloat MatMulNBits MultiHeadAttention QuickGelu RotaryEmbedding "
    "SkipGroupNorm SkipLayerNormalization SkipSimplifiedLayerNormalization"
)

names = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
names |= {name for later in LATER.values() for name in later.split()}
# onnxruntime's RMS normalisation, registered in the main domain.
names |= {"SimplifiedLayerNormalization"}
names |= {f"com.microsoft.{name}" for name in CONTRIB.split()}

lines = [
    "// Written by scripts/list-onnx-operators.py; do not edit.",
    "",
    "/** Every operator of ai.onnx up to set 24 and the onnxruntime ones that hub exports contain. */",
    "export const OPERATORS = [",
    *(f"\t'{name}'," for name in sorted(names)),
]
lines[-1] = lines[-1].rstrip(",")
lines += ["] as const;", "", "export type OperatorName = (typeof OPERATORS)[number];", ""]
root = pathlib.Path(__file__).resolve().parent.parent
(root / "src/lib/graph/operators.ts").write_text("\n".join(lines))
