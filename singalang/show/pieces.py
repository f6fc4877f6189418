"""Which piece of its stage each layer is computed in, as the connections of a group cut them. Knows no HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from singalang_compiler.plan import LayerRecord
from singalang_compiler.plan_group import ConnectionRecord

STATISTIC = ".statistic"
"""Ends the name of what a layer lets its workers exchange beforehand."""


def levels(layers: Sequence[LayerRecord], stages: Mapping[str, int], connections: Sequence[ConnectionRecord]) -> dict[str, int]:
    """The number of each layer's piece in its stage: one more than that of an input that comes by a connection in the stage.

    `stages` holds the stage of each layer; `layers` stand in an order in which they can be computed.
    """
    inside = {(one.value, reader) for one in connections if one.source_stage == one.target_stage for reader in one.consumers}
    found: dict[str, int] = {}
    for layer in layers:
        near = [name for name in layer.inputs if name in found and stages[name] == stages[layer.name]]
        level = max((found[name] + _between(name, layer.name, inside) for name in near), default=0)
        statistic = f"{layer.name}{STATISTIC}"
        if (statistic, layer.name) in inside:
            before = max((found[name] + _between(name, statistic, inside) for name in near), default=0)
            level = max(level, before + 1)
        found[layer.name] = level
    return found


def _between(value: str, reader: str, inside: set[tuple[str, str]]) -> int:
    return int((value, reader) in inside)
