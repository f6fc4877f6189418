"""Cases of `conv`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers
from tests.library.layers.windows import each_window, padded, pair, unpadded

CASES = (
    Case("odd sizes", (numbers(3, 7, 9),), {"filters": 4, "kernel": 3}),
    Case("padding, few channels", (numbers(1, 6, 8),), {"filters": 5, "kernel": 5, "pad": 2}),
    Case("stride above the kernel", (numbers(2, 9, 8),), {"filters": 3, "kernel": 2, "stride": 3}),
    Case("stride that leaves the end out", (numbers(5, 8, 8),), {"filters": 2, "kernel": 3, "stride": 2, "pad": 1}),
    Case("each axis its own", (numbers(5, 6, 9),), {"filters": 2, "kernel": (2, 3), "stride": (1, 2), "pad": (0, 2)}, batch=1),
    Case("no bias, 1x1", (numbers(5, 3, 4),), {"filters": 6, "kernel": 1}, absent=frozenset({"bias"})),
)


def forward(call: Call) -> Numbers:
    weight = call.parameters["weight"]
    x = padded(call.inputs[0], pair(call.layer.pad), 0)
    y = _output(call, x)
    for i, j, window in each_window(x, weight.shape[2:], pair(call.layer.stride)):
        y[:, :, i, j] = np.einsum("bcij,fcij->bf", x[window], weight) + call.parameters.get("bias", 0)
    return y


def gradient(call: Call, g: Numbers) -> Gradients:
    weight = call.parameters["weight"]
    x = padded(call.inputs[0], pair(call.layer.pad), 0)
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for i, j, window in each_window(x, weight.shape[2:], pair(call.layer.stride)):
        dx[window] += np.einsum("bf,fcij->bcij", g[:, :, i, j], weight)
        dweight += np.einsum("bf,bcij->fcij", g[:, :, i, j], x[window])
    found = {"weight": dweight, "bias": g.sum((0, 2, 3))}
    return (unpadded(dx, pair(call.layer.pad)),), {name: found[name] for name in call.parameters}


def _output(call: Call, x: Numbers) -> Numbers:
    weight = call.parameters["weight"]
    places = [(i, j) for i, j, _ in each_window(x, weight.shape[2:], pair(call.layer.stride))]
    return np.zeros((x.shape[0], weight.shape[0], places[-1][0] + 1, places[-1][1] + 1))
