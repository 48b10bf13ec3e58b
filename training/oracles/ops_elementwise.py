"""Elementwise ONNX operators in PyTorch."""

from __future__ import annotations

import torch
from torch.nn import functional as F

TYPES = {1: torch.float64, 10: torch.float64, 11: torch.float64, 6: torch.int32, 7: torch.int64, 9: torch.bool}


def cast(a, x):
    return x.to(TYPES[a["to"]])


def clip(a, x, low=None, high=None):
    return torch.clamp(x, low, high)


def gelu(a, x):
    return F.gelu(x, approximate=a.get("approximate", "none"))


def hard_sigmoid(a, x):
    return torch.clamp(a.get("alpha", 0.2) * x + a.get("beta", 0.5), 0, 1)


def power(a, x, y):
    return torch.pow(x, y.to(x.dtype))


def prelu(a, x, slope):
    return torch.where(x < 0, x * slope, x)


def selu(a, x):
    alpha = a.get("alpha", 1.67326319217681884765625)
    gamma = a.get("gamma", 1.05070102214813232421875)
    return gamma * torch.where(x > 0, x, alpha * (torch.exp(x.clamp(max=0)) - 1))


def shrink(a, x):
    bias, limit = a.get("bias", 0.0), a.get("lambd", 0.5)
    return torch.where(x < -limit, x + bias, torch.where(x > limit, x - bias, x * 0))


def thresholded_relu(a, x):
    return torch.where(x > a.get("alpha", 1.0), x, x * 0)


def divide(a, x, y):
    return torch.div(x, y) if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def modulo(a, x, y):
    return torch.fmod(x, y) if a.get("fmod", 0) else torch.remainder(x, y)


def fold(function):
    def apply(a, *inputs):
        result = inputs[0]
        for value in inputs[1:]:
            result = function(result, value)
        return result

    return apply


def mean(a, *inputs):
    return fold(torch.add)(a, *inputs) / len(inputs)


def unary(function):
    return lambda a, x: function(x)


def binary(function):
    return lambda a, x, y: function(x, y)


UNARY = {
    "Abs": torch.abs, "Neg": torch.neg, "Exp": torch.exp, "Log": torch.log, "Sqrt": torch.sqrt,
    "Reciprocal": torch.reciprocal, "Sin": torch.sin, "Cos": torch.cos, "Tan": torch.tan,
    "Asin": torch.asin, "Acos": torch.acos, "Atan": torch.atan, "Sinh": torch.sinh,
    "Cosh": torch.cosh, "Asinh": torch.asinh, "Acosh": torch.acosh, "Atanh": torch.atanh,
    "Tanh": torch.tanh, "Sigmoid": torch.sigmoid, "Relu": torch.relu, "Softplus": F.softplus,
    "Softsign": F.softsign, "Erf": torch.erf, "Mish": F.mish, "Floor": torch.floor,
    "Ceil": torch.ceil, "Round": torch.round, "Sign": torch.sign, "HardSwish": F.hardswish,
    "Not": torch.logical_not, "Identity": lambda x: x,
}
BINARY = {
    "Sub": torch.sub, "Mul": torch.mul, "Equal": torch.eq, "Greater": torch.gt,
    "GreaterOrEqual": torch.ge, "Less": torch.lt, "LessOrEqual": torch.le,
    "And": torch.logical_and, "Or": torch.logical_or,
}
ELEMENTWISE = {
    **{name: unary(function) for name, function in UNARY.items()},
    **{name: binary(function) for name, function in BINARY.items()},
    "Add": binary(torch.add),
    "Div": divide,
    "Pow": power,
    "Mod": modulo,
    "Max": fold(torch.maximum),
    "Min": fold(torch.minimum),
    "Sum": fold(torch.add),
    "Mean": mean,
    "Where": lambda a, c, x, y: torch.where(c, x, y),
    "Cast": cast,
    "Clip": clip,
    "Gelu": gelu,
    "HardSigmoid": hard_sigmoid,
    "LeakyRelu": lambda a, x: F.leaky_relu(x, a.get("alpha", 0.01)),
    "Elu": lambda a, x: F.elu(x, a.get("alpha", 1.0)),
    "Celu": lambda a, x: F.celu(x, a.get("alpha", 1.0)),
    "Selu": selu,
    "PRelu": prelu,
    "Shrink": shrink,
    "ThresholdedRelu": thresholded_relu,
    "Dropout": lambda a, x, *rest: x,
}
