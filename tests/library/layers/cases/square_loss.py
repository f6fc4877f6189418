"""Cases of `square_loss`."""

from __future__ import annotations

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers

CASES = (
    Case("vectors", (numbers(6), numbers(6))),
    Case("images, scaled", (numbers(2, 3, 5), numbers(2, 3, 5)), {"scale": 0.2}),
    Case("sequences", (numbers(3, 4), numbers(3, 4))),
    Case("numbers", (numbers(), numbers()), batch=1),
)


def forward(call: Call) -> Numbers:
    prediction, target = call.inputs
    return call.layer.scale * ((target - prediction) ** 2).reshape(len(target), -1).sum(1) / 2


def gradient(call: Call, g: Numbers) -> Gradients:
    prediction, target = call.inputs
    along = call.layer.scale * (prediction - target) * g.reshape(-1, *(1,) * (target.ndim - 1))
    return (along, -along), {}


def predict(call: Call) -> Numbers:
    return call.inputs[0]
