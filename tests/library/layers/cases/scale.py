"""Cases of `scale`."""

from __future__ import annotations

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("vector", (numbers(8),), {"factor": -1}),
    Case("image", (numbers(2, 3, 5),), {"factor": 0.3}),
    Case("one number", (numbers(),), {"factor": 2.5}),
)


def forward(call: Call) -> Numbers:
    return call.layer.factor * call.inputs[0]


def gradient(call: Call, g: Numbers) -> Gradients:
    return (g * call.layer.factor,), {}
