"""In which ways each layer can be cut among the workers of its stage, and what a topology says of it. Chooses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from singalang_compiler.job import Placing
from singalang_compiler.library.cuts import by_batch
from singalang_compiler.library.tensors import Partition, Shape
from singalang_compiler.partition.cut_net import Cut, CutReason, Rejected
from singalang_compiler.partition.kind_facts import inputs_of
from singalang_compiler.shaped import ShapedNode

NOT_CUT = Cut()
"""Every worker computes all."""


@dataclass(frozen=True, slots=True)
class Uneven:
    """An axis that workers cannot share evenly."""

    what: str  # `axis 1 of its output`
    length: int


@dataclass(frozen=True, slots=True)
class Offer:
    """The cuts of a layer that a topology allows, and why these; `reason` is None where it leaves the choice to the compiler.

    `possible` are all cuts that could be made of it, `impossible` those that its kind has and that could not, with the reason.
    """

    allowed: tuple[Cut, ...]
    reason: CutReason | None
    possible: tuple[Cut, ...]
    impossible: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """What a layer's kind offers: `kinds` are the words for it, `uneven` the first axis that stood in the way of a cut."""

    possible: tuple[Cut, ...]
    impossible: tuple[Rejected, ...]
    uneven: Mapping[str, Uneven]
    kinds: tuple[str, ...]

    def named(self, name: str) -> tuple[Cut, ...]:
        """The possible cuts of a name."""
        return tuple(cut for cut in self.possible if cut.name == name)


def ways(node: ShapedNode, partitions: tuple[Partition, ...], shapes: Mapping[str, Shape], workers: int, even: bool) -> Ways:
    """What can be made of a layer's partitions by so many workers; `even`: they can share the rows of the batch."""
    possible: list[Cut] = []
    impossible: list[Rejected] = []
    uneven: dict[str, Uneven] = {}
    for partition in partitions:
        cut = Cut(partition)
        if partition.name == "batch":
            found = None if even else "the rows of the batch cannot be shared evenly"
        else:
            axis = _uneven(node, partition, shapes, workers)
            found = f"{axis.what} has length {axis.length}, which {workers} workers cannot share evenly" if axis else None
            if axis:
                uneven.setdefault(partition.name, axis)
        if found is None:
            possible.append(cut)
        else:
            impossible.append(Rejected(cut.label, why=found))
    kinds = tuple(dict.fromkeys(partition.name for partition in partitions))
    return Ways((*possible, NOT_CUT), tuple(impossible), uneven, kinds)


def offer(offered: Ways, placing: Placing, default: str) -> Offer:
    """The cuts that the topology allows: what a rule or its default says, or what comes nearest to it."""
    said = placing.partition or default
    reason: CutReason = "written" if placing.partition else "topology-default"
    if said == "auto":
        return Offer(offered.possible, None, offered.possible, offered.impossible)
    allowed = offered.named(said)
    if not allowed:
        reason = "not-divisible" if said in offered.kinds else "no-such-cut"
        allowed = offered.named("batch") or (NOT_CUT,)
    return Offer(allowed, reason, offered.possible, offered.impossible)


def alone(node: ShapedNode) -> Offer:
    """The one cut of a layer that is in a stage with one worker: its rows are all rows."""
    cut = Cut(by_batch(inputs_of(node)))
    return Offer((cut,), "only-worker", (cut,))


def _uneven(node: ShapedNode, partition: Partition, shapes: Mapping[str, Shape], workers: int) -> Uneven | None:
    """The first axis of a partition that so many workers cannot share."""
    inputs = inputs_of(node)
    assert node.spec is not None
    lengths = {
        f"axis {axis} of its input {place + 1}" if len(inputs) > 1 else f"axis {axis} of its input": inputs[place].shape[axis - 1]
        for place, axis in enumerate(partition.inputs)
        if axis
    }
    if partition.output:
        lengths = {f"axis {partition.output} of its output": node.spec.shape[partition.output - 1], **lengths}
    for own, axis in partition.parameters.items():
        if own in node.parameters:
            link = node.parameters[own]
            shape = tuple(reversed(shapes[link.name])) if link.transposed else shapes[link.name]
            lengths[f"axis {axis} of its `{own}`"] = shape[axis]
    for own, axis in partition.state.items():
        if own in node.state:
            lengths[f"axis {axis} of its state `{own}`"] = node.state[own].shape[axis]
    return next((Uneven(what, length) for what, length in lengths.items() if length % workers), None)
