"""Programs of a given size, as text."""

from __future__ import annotations


def layers(count: int) -> str:
    """A program of `count` dense layers, one a line, each with attributes of its own."""
    lines = [
        "data digits {",
        "  image: f32[64]",
        "  label: class(10)",
        "  train = digits(batch = 64)",
        "}",
        "net deep {",
        "  h0 = digits.image -> first: dense(64)",
    ]
    lines += [
        f"  h{n} = h{n - 1} -> fc{n}: dense(64, weight = gaussian(std = 0.01), bias = param(0, lr_scale = 2, wd_scale = 0))"
        for n in range(1, count)
    ]
    lines += [
        f"  loss = (h{count - 1} -> out: dense(10), digits.label) -> softmax_loss",
        "}",
        "updater sgd { lr = 0.1 }",
        "train { steps = 10 }",
    ]
    return "\n".join(lines) + "\n"
