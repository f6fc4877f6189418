"""Cases of `dense`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("vector", (numbers(7),), {"units": 5}),
    Case("one input, one unit", (numbers(1),), {"units": 1}, batch=1),
    Case("sequence", (numbers(4, 5),), {"units": 3}),
    Case("image", (numbers(2, 3, 5),), {"units": 4}),
    Case("no bias", (numbers(6),), {"units": 4}, absent=frozenset({"bias"})),
    Case("sequence without bias", (numbers(3, 4),), {"units": 2}, absent=frozenset({"bias"})),
    Case("weight of another layer", (numbers(6),), shared={"weight": (6, 4)}),
)


def forward(call: Call) -> Numbers:
    y = np.einsum("btn,nu->btu", _steps(call), call.parameters["weight"]) + call.parameters.get("bias", 0)
    return y if call.inputs[0].ndim == 3 else y[:, 0]


def gradient(call: Call, g: Numbers) -> Gradients:
    g = g if g.ndim == 3 else g[:, None]
    dx = np.einsum("btu,nu->btn", g, call.parameters["weight"]).reshape(call.inputs[0].shape)
    found = {"weight": np.einsum("btn,btu->nu", _steps(call), g), "bias": g.sum((0, 1))}
    return (dx,), {name: found[name] for name in call.parameters}


def _steps(call: Call) -> Numbers:
    x = call.inputs[0]
    return x if x.ndim == 3 else x.reshape(x.shape[0], 1, -1)
