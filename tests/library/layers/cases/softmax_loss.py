"""Cases of `softmax_loss`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, classes, numbers

CASES = (
    Case("scores", (numbers(7), classes(7))),
    Case("scaled, top 3", (numbers(5), classes(5)), {"topk": 3, "scale": 0.25}, batch=8),
    Case("sequence", (numbers(4, 5), classes(5, 4)), {"topk": 2}),
    Case("sum of a sequence", (numbers(4, 5), classes(5, 4)), {"reduce": "sum_time", "scale": 2.0}),
    Case("equal scores", (numbers(4), classes(4)), {"topk": 2}, batch=16, drawn="ties"),
    Case("one class", (numbers(1), classes(1)), batch=1),
)


def forward(call: Call) -> Numbers:
    chances, labels = predict(call), call.inputs[1]
    losses = np.zeros(labels.shape)
    for place in np.ndindex(labels.shape):
        losses[place] = -np.log(chances[place][labels[place]])
    return call.layer.scale * _reduced(call, losses)


def gradient(call: Call, g: Numbers) -> Gradients:
    labels = call.inputs[1]
    steps = labels.size // labels.shape[0] if call.layer.reduce == "mean" else 1
    off = predict(call) - np.eye(call.inputs[0].shape[-1])[labels]
    return (call.layer.scale / steps * off * g.reshape(-1, *(1,) * labels.ndim), None), {}


def metrics(call: Call) -> dict[str, Numbers]:
    scores, labels = call.inputs
    found = np.zeros(labels.shape)
    for place in np.ndindex(labels.shape):
        best_first = np.argsort(-scores[place], kind="stable")  # of equal scores the smaller class first
        found[place] = labels[place] in best_first[: call.layer.topk]
    return {"accuracy": found.reshape(labels.shape[0], -1).mean(1)}


def predict(call: Call) -> Numbers:
    powers = np.exp(call.inputs[0])
    return powers / powers.sum(-1, keepdims=True)


def _reduced(call: Call, losses: Numbers) -> Numbers:
    rows = losses.reshape(losses.shape[0], -1)
    return rows.mean(1) if call.layer.reduce == "mean" else rows.sum(1)
