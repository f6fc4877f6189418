"""Cases of `stanh`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("vector", (numbers(8),)),
    Case("image", (numbers(2, 3, 5),)),
    Case("sequence", (numbers(3, 4),)),
    Case("one number", (numbers(),)),
)


def forward(call: Call) -> Numbers:
    return 1.7159047 * np.tanh(0.66666667 * call.inputs[0])


def gradient(call: Call, g: Numbers) -> Gradients:
    return (g * (0.66666667 * 1.7159047 - 0.66666667 / 1.7159047 * forward(call) ** 2),), {}
