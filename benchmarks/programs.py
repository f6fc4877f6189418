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


RULES = {
    "batch": "partition = batch",
    "feature": "partition = feature",
    "hybrid": "partition = batch\n  on fc500..fc999 { partition = feature }",
    "auto": "partition = auto",
}
"""Topologies by name."""


def wide(rules: str, layers: int = 1000, workers: int = 1024) -> str:
    """A program of so many layers on so many workers, with a server in each."""
    body = "\n".join(
        f"  h{number} = {f'h{number - 1}' if number else 'd.x'} -> fc{number}: dense(1024)" for number in range(layers)
    )
    return f"""data d {{
  x: f32[1024]
  label: class(1024)
  train = csv("a.csv", batch = 4096)
}}
net n {{
{body}
  loss = (h{layers - 1}, d.label) -> softmax_loss
}}
updater sgd {{ lr = 0.1 }}
train {{ steps = 10 }}
topology many {{
  preset = allreduce
  workers = groups(1, size = {workers})
  {rules}
}}
"""
