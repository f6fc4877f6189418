"""Cases of `lrn`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("SINGA's defaults", (numbers(7, 3, 5),)),
    Case("as in cifar10", (numbers(6, 4, 3),), {"size": 3, "alpha": 5e-5, "beta": 0.75}),
    Case("another power", (numbers(6, 3, 3),), {"size": 3, "alpha": 0.7, "beta": 0.6, "k": 2.0}),
    Case("square root", (numbers(4, 3, 2),), {"size": 5, "alpha": 2.0, "beta": 0.5, "k": 0.5}),
    Case("power one, window above the channels", (numbers(3, 2, 5),), {"size": 9, "alpha": 0.3, "beta": 1.0}, batch=1),
    Case("negative power", (numbers(4, 2, 3),), {"size": 1, "alpha": 0.3, "beta": -1.5}),
)


def forward(call: Call) -> Numbers:
    return call.inputs[0] * _divisor(call) ** -call.layer.beta


def gradient(call: Call, g: Numbers) -> Gradients:
    layer, x, n = call.layer, call.inputs[0], _divisor(call)
    dx = g * n**-layer.beta
    for channel in range(x.shape[1]):
        window = _window(call, channel)
        around = (g[:, window] * x[:, window] * n[:, window] ** (-layer.beta - 1)).sum(1)
        dx[:, channel] -= 2 * layer.alpha * layer.beta / layer.size * x[:, channel] * around
    return (dx,), {}


def _divisor(call: Call) -> Numbers:
    x = call.inputs[0]
    sums = [(x[:, _window(call, channel)] ** 2).sum(1) for channel in range(x.shape[1])]
    return call.layer.k + call.layer.alpha / call.layer.size * np.stack(sums, axis=1)


def _window(call: Call, channel: int) -> slice:
    side = call.layer.size // 2
    return slice(max(channel - side, 0), channel + side + 1)
