"""Cases of `dropout`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("half of a vector", (numbers(9),)),
    Case("image", (numbers(2, 3, 5),), {"ratio": 0.3}),
    Case("sequence", (numbers(3, 4),), {"ratio": 0.8}),
    Case("nothing left out", (numbers(6),), {"ratio": 0.0}),
    Case("evaluation", (numbers(6),), training=False),
)


def forward(call: Call) -> Numbers:
    return call.inputs[0] * _factor(call)


def gradient(call: Call, g: Numbers) -> Gradients:
    return (g * _factor(call),), {}


def _factor(call: Call) -> Numbers:
    if not call.training:
        return np.ones_like(call.inputs[0])
    stays = 1 - call.layer.ratio
    return (call.draws("mask") < stays) / stays
