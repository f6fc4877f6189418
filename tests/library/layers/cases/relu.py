"""Cases of `relu`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("vector", (numbers(8),), drawn="apart"),
    Case("image", (numbers(2, 3, 5),), drawn="apart"),
    Case("zeros", (numbers(4, 5),), drawn="ties"),
    Case("one number", (numbers(),), drawn="apart"),
)


def forward(call: Call) -> Numbers:
    return np.maximum(call.inputs[0], 0)


def gradient(call: Call, g: Numbers) -> Gradients:
    return (g * (call.inputs[0] > 0),), {}
