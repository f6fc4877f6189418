"""Cases of `add`."""

from __future__ import annotations

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("two vectors", (numbers(5), numbers(5))),
    Case("two images", (numbers(2, 3, 5), numbers(2, 3, 5))),
    Case("three sequences", (numbers(3, 4), numbers(3, 4), numbers(3, 4))),
    Case("two numbers", (numbers(), numbers())),
)


def forward(call: Call) -> Numbers:
    return sum(call.inputs[1:], call.inputs[0])


def gradient(call: Call, g: Numbers) -> Gradients:
    return (g,) * len(call.inputs), {}
