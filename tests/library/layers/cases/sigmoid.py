"""Cases of `sigmoid`."""

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
    return 1 / (1 + np.exp(-call.inputs[0]))


def gradient(call: Call, g: Numbers) -> Gradients:
    return (g * forward(call) * (1 - forward(call)),), {}
