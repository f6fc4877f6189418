"""How values lie among workers: their arrays' axes, and the distributions in which a cut layer reads and gives them. No array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, by_feature
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Shape
from singalang_compiler.partition.cut_net import Cut
from singalang_compiler.shaped import ShapedNode

_CHANNELS_LAST = {0: 0, 1: 3, 2: 1, 3: 2}
"""For each axis of (batch, channels, height, width) that of (batch, height, width, channels)."""


def channels_last(nodes: Sequence[ShapedNode]) -> frozenset[str]:
    """The nodes whose arrays lie channels last, as kernels leave them: transposed only where two neighbours differ.

    `nodes` stand after their inputs.
    """
    found: set[str] = set()
    for node in nodes:
        operation = node.node.operation
        if not isinstance(operation, Configured) or node.spec is None or len(node.spec.shape) != 3:
            continue
        match operation.kind.constants.get("layout") if operation.kind.family == "layers" else None:
            case "channels_last":
                found.add(node.node.name)
            case "any" if not found.isdisjoint(node.node.inputs):
                found.add(node.node.name)
            case None if operation.kind.family == "sinks" and node.node.inputs[0] in found:
                found.add(node.node.name)
    return frozenset(found)


def record_of(node: ShapedNode, last: bool) -> Shape:
    """Shape of one record of a node's value as its array lies; `last`: channels last."""
    assert node.spec is not None, f"{node.node.name} has no shape"
    shape = node.spec.shape
    return (*shape[1:], shape[0]) if last else shape


def wanted(cut: Cut, place: int, last: bool) -> Distribution:
    """The distribution in which a cut layer reads its input at `place`, whose array lies channels last or not."""
    return WHOLE if cut.partition is None else _along(cut.partition.inputs[place], last)


def given(cut: Cut, last: bool) -> Distribution:
    """The distribution in which a cut layer gives its output."""
    if cut.partition is None:
        return WHOLE
    return PARTIAL if cut.partition.partial else _along(cut.partition.output, last)


def parameter_axes(cut: Cut, node: ShapedNode, ranks: Mapping[str, int]) -> dict[str, int | None]:
    """Along which axis, of the parameter's own shape, a cut layer uses each parameter of the job; None: all of it."""
    found: dict[str, int | None] = {}
    for own, link in node.parameters.items():
        axis = cut.partition.parameters.get(own) if cut.partition else None
        axis = ranks[link.name] - 1 - axis if axis is not None and link.transposed else axis
        found[link.name] = axis if found.get(link.name, axis) == axis else None
    return found


def _along(axis: int | None, last: bool) -> Distribution:
    if axis is None:
        return WHOLE
    return by_feature(_CHANNELS_LAST[axis] if last else axis) if axis else BATCH
