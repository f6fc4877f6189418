"""Which metrics a train section reports, under which names, and the rows of numbers that hold them. Knows no kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from singalang_compiler.library import kinds
from singalang_compiler.lower.nodes import constant, is_loss, is_metric
from singalang_compiler.shaped import ShapedNet

LOSS = "loss"
"""Name of the objective's row, which is always the first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the metric that a layer reports (or that a metric node is), and the name that people see."""

    layer: str
    metric: str
    name: str
    better: Literal["higher", "lower"]
    percent: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Layer and metric: what a forward pass files it under."""
        return self.layer, self.metric


def rows_of(net: ShapedNet) -> tuple[Row, ...]:
    """The rows of a net's metrics in all its phases with data: `loss`, then in the order of the layers.

    A metric goes by its name, or by `layer.name` where two layers report the same one. Where a net has several loss
    layers, each one's value is such a metric too.
    """
    found = list(dict.fromkeys(_found(net)))
    counts = Counter(metric for _, metric in found)
    rows = [Row("", LOSS, LOSS, "lower")]
    for layer, metric in found:
        name = f"{layer}.{metric}" if counts[metric] > 1 or metric == LOSS else metric
        better, percent = _reading(metric)
        rows.append(Row(layer, metric, name, better, percent))
    return tuple(rows)


def _found(net: ShapedNet) -> Iterable[tuple[str, str]]:
    for phase in ("train", "val", "test"):
        nodes = net.phases.get(phase, ())
        several = sum(is_loss(node) for node in nodes) > 1
        for node in nodes:
            if is_metric(node):
                yield node.node.name, node.node.kind
            for metric in constant(node, "metric_names") or ():
                yield node.node.name, metric
            if several and is_loss(node):
                yield node.node.name, LOSS


def _reading(metric: str) -> tuple[Literal["higher", "lower"], bool]:
    """How people read a metric: as its kind says, or as an error where the library has no kind of the name."""
    kind = kinds.find("metrics", metric)
    if kind is None:
        return "lower", False
    return kind.constants["better"], kind.constants["percent"]
