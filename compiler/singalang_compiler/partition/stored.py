"""How parameters are kept by the workers: whole, or in pieces where all that use one cut it alike. Holds no array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from singalang_compiler.library.tensors import Shape
from singalang_compiler.partition.cut_net import CutNet, CutNode, StoredParameter
from singalang_compiler.partition.lying import parameter_axes


def stored_parameters(shapes: Mapping[str, Shape], nets: Iterable[CutNet]) -> tuple[StoredParameter, ...]:
    """How each parameter is kept, in the order of `shapes`; one that no phase with data uses is kept by the first stage."""
    axes: dict[str, set[int | None]] = {name: set() for name in shapes}
    stages: dict[str, set[int]] = {name: set() for name in shapes}
    ranks = {name: len(shape) for name, shape in shapes.items()}
    for net in nets:
        for node in net.nodes:
            if node.part == "layer":
                _add(node, ranks, axes, stages)
    return tuple(_stored(name, axes[name], tuple(sorted(stages[name])) or (0,)) for name in shapes)


def _add(node: CutNode, ranks: Mapping[str, int], axes: dict[str, set[int | None]], stages: dict[str, set[int]]) -> None:
    for name, axis in parameter_axes(node.cut, node.shaped, ranks).items():
        axes[name].add(axis)
        stages[name].add(node.stage)


def _stored(name: str, axes: set[int | None], stages: tuple[int, ...]) -> StoredParameter:
    if axes <= {None}:
        return StoredParameter(name=name, axis=None, stages=stages, reason="not-cut")
    if len(axes) > 1 or len(stages) > 1:
        return StoredParameter(name=name, axis=None, stages=stages, reason="uses-differ")
    (axis,) = axes
    return StoredParameter(name=name, axis=axis, stages=stages, reason="uses-agree")
