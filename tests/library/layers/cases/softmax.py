"""Cases of `softmax`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("scores", (numbers(7),)),
    Case("one score", (numbers(1),), batch=1),
    Case("sequence", (numbers(3, 5),)),
)


def forward(call: Call) -> Numbers:
    powers = np.exp(call.inputs[0])
    return powers / powers.sum(-1, keepdims=True)


def gradient(call: Call, g: Numbers) -> Gradients:
    y = forward(call)
    return (y * (g - (g * y).sum(-1, keepdims=True)),), {}
