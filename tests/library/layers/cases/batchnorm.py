"""Cases of `batchnorm`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("image", (numbers(3, 4, 5),)),
    Case("image with weights", (numbers(2, 3, 3),), weights=(1.0, 0.0, 0.5)),
    Case("features", (numbers(5),), {"momentum": 0.5, "eps": 0.1}, batch=6),
    Case("features with weights", (numbers(5),), batch=5, weights=(1.0, 1.0, 1.0, 1.0, 0.0)),
    Case("a worker without any weight", (numbers(5),), batch=5, weights=(0.0, 0.0, 1.0, 1.0, 0.5)),
    Case("sequence", (numbers(3, 4),)),
    Case("statistics of each worker", (numbers(3, 4),), {"over": "local"}, uncut=frozenset({"batch"})),
    Case("neither weight nor bias", (numbers(2, 3, 3),), absent=frozenset({"weight", "bias"})),
    Case("image, evaluation", (numbers(3, 4, 5),), training=False),
    Case("sequence, evaluation", (numbers(3, 4),), training=False),
)


def forward(call: Call) -> Numbers:
    x, mean, var = _seen(call)
    y = (x - mean) / np.sqrt(var + call.layer.eps) * call.parameters.get("weight", 1) + call.parameters.get("bias", 0)
    return _back(call, y)


def gradient(call: Call, g: Numbers) -> Gradients:
    x, mean, var = _seen(call)
    g = _rows(g)
    root = np.sqrt(var + call.layer.eps)
    normed = (x - mean) / root
    found = {"weight": (g * normed).sum((0, 1)), "bias": g.sum((0, 1))}
    g = g * call.parameters.get("weight", 1)
    dx = g / root
    if call.training:
        share = _shares(call, x)
        dx = (g - share * (g.sum((0, 1)) + normed * (g * normed).sum((0, 1)))) / root
    return (_back(call, dx),), {name: found[name] for name in call.parameters}


def new_state(call: Call) -> dict[str, Numbers]:
    if not call.training:
        return {}
    _, mean, var = _seen(call)
    stays = call.layer.momentum
    return {"mean": stays * call.state["mean"] + (1 - stays) * mean, "var": stays * call.state["var"] + (1 - stays) * var}


def _seen(call: Call) -> tuple[Numbers, Numbers, Numbers]:
    """The input as rows, and the mean and variance that normalise it."""
    x = _rows(call.inputs[0])
    if not call.training:
        return x, call.state["mean"], call.state["var"]
    share = _shares(call, x)
    mean = (share * x).sum((0, 1))
    return x, mean, (share * (x - mean) ** 2).sum((0, 1))


def _shares(call: Call, x: Numbers) -> Numbers:
    return np.broadcast_to(call.weights[:, None, None] / (call.weights.sum() * x.shape[1]), (*x.shape[:2], 1))


def _rows(x: Numbers) -> Numbers:
    """(batch, places, features)."""
    match x.ndim:
        case 4:
            return x.reshape(*x.shape[:2], -1).transpose(0, 2, 1)
        case 2:
            return x[:, None]
    return x


def _back(call: Call, rows: Numbers) -> Numbers:
    shape = call.inputs[0].shape
    return (rows.transpose(0, 2, 1) if len(shape) == 4 else rows).reshape(shape)
