"""Cases of `mul`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("two vectors", (numbers(5), numbers(5))),
    Case("two images", (numbers(2, 3, 5), numbers(2, 3, 5))),
    Case("three sequences", (numbers(3, 4), numbers(3, 4), numbers(3, 4))),
    Case("two numbers", (numbers(), numbers())),
)


def forward(call: Call) -> Numbers:
    return np.prod(call.inputs, axis=0)


def gradient(call: Call, g: Numbers) -> Gradients:
    others = [call.inputs[:place] + call.inputs[place + 1 :] for place in range(len(call.inputs))]
    return tuple(g * np.prod(rest, axis=0) for rest in others), {}
