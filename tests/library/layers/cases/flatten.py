"""Cases of `flatten`."""

from __future__ import annotations

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("image", (numbers(2, 3, 5),)),
    Case("sequence", (numbers(3, 4),)),
    Case("vector", (numbers(6),), batch=1),
    Case("one number", (numbers(),)),
)


def forward(call: Call) -> Numbers:
    return call.inputs[0].reshape(call.inputs[0].shape[0], -1)


def gradient(call: Call, g: Numbers) -> Gradients:
    return (g.reshape(call.inputs[0].shape),), {}
