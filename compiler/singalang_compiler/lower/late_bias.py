"""Biases that may be added after the next layer, on fewer elements: max(h + b) = max(h) + b, to the last bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from singalang_compiler.lower.nodes import constant
from singalang_compiler.shaped import ParameterLink, ShapedNode


@dataclass(frozen=True, slots=True)
class LateBias:
    """The parameter `name` of the layer `layer`, to be added to another layer's output instead."""

    layer: str
    name: str
    link: ParameterLink


def late_biases(nodes: Sequence[ShapedNode]) -> dict[str, LateBias]:
    """For each layer after which a bias is to be added, that of the layer before it.

    The layer before must add its bias last and feed nothing else, and the layer after must keep shifts.
    """
    by_name = {node.node.name: node for node in nodes}
    uses = Counter(source for node in nodes for source in node.node.inputs)
    found: dict[str, LateBias] = {}
    for node in nodes:
        if constant(node, "keeps_shift"):
            before = by_name[node.node.inputs[0]]
            name = constant(before, "late_parameter")
            if name in before.parameters and uses[before.node.name] == 1:
                found[node.node.name] = LateBias(before.node.name, name, before.parameters[name])
    return found
