"""Cases of `concat`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("vectors", (numbers(3), numbers(5))),
    Case("channels of images", (numbers(2, 3, 5), numbers(1, 3, 5), numbers(3, 3, 5))),
    Case("rows of images", (numbers(2, 3, 5), numbers(2, 4, 5)), {"axis": 2}),
    Case("columns of images", (numbers(2, 3, 5), numbers(2, 3, 1)), {"axis": 3}),
    Case("steps of sequences", (numbers(3, 4), numbers(2, 4))),
    Case("features of sequences", (numbers(3, 4), numbers(3, 5)), {"axis": 2}),
    Case("one input", (numbers(4),)),
)


def forward(call: Call) -> Numbers:
    return np.concatenate(call.inputs, axis=call.layer.axis)


def gradient(call: Call, g: Numbers) -> Gradients:
    axis = call.layer.axis
    ends = np.cumsum([x.shape[axis] for x in call.inputs])[:-1]
    return tuple(np.split(g, ends, axis=axis)), {}
