"""What layer kinds say of being cut, asked once of each layer; a user's kind may say what cannot be. Runs no array code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from singalang_compiler.codes.e0519_wrong_partition import WrongPartition
from singalang_compiler.library.cuts import by_batch
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Inputs, Partition
from singalang_compiler.shaped import ShapedNode
from singalang_compiler.user_code import user_code_failed
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Source


@dataclass(frozen=True, slots=True)
class KindFacts:
    """How a layer can be cut, how many numbers each worker tells the others before it, and what is approximate about it."""

    partitions: tuple[Partition, ...]
    exchange: int = 0
    approximation: str | None = None


def kind_facts(node: ShapedNode, sources: Sequence[Source], ranks: Mapping[str, int]) -> KindFacts | Diagnostic:
    """What the kind of a layer says, or what is wrong with it. Metrics and sinks are cut by batch. `ranks` are the parameters'."""
    operation = node.node.operation
    assert isinstance(operation, Configured), f"{node.node.name} has no kind"
    if operation.kind.family != "layers":
        return KindFacts((by_batch(inputs_of(node)),))
    if operation.kind.origin is None:
        return _asked(node)
    try:
        facts = _asked(node)
        wrong = next(_faults(node, facts, ranks), None)
    except Exception as failure:
        told = user_code_failed(failure, sources)
        if told is not None:
            return told
        wrong = f"{type(failure).__name__}: {failure}"
    return WrongPartition(node.node.kind, operation.kind.origin, wrong, node.node.span).diagnostic() if wrong else facts


def inputs_of(node: ShapedNode) -> Inputs:
    """The inputs of a node whose shapes are known."""
    assert node.inputs is not None, f"{node.node.name} has no inputs"
    return node.inputs


def _asked(node: ShapedNode) -> KindFacts:
    inputs, kind = inputs_of(node), node.instance
    return KindFacts(tuple(kind.partitions(inputs)), int(kind.exchange(inputs)), kind.approximation())


def _faults(node: ShapedNode, facts: KindFacts, ranks: Mapping[str, int]) -> Iterator[str]:
    """What is wrong with what a user's kind says."""
    if facts.exchange < 0 or not isinstance(facts.approximation, str | None):
        yield "`exchange` gives a whole number from 0, `approximation` a text or None"
    inputs = inputs_of(node)
    assert node.spec is not None
    for partition in facts.partitions:
        if not isinstance(partition, Partition) or partition.name not in ("batch", "feature"):
            yield "`partitions` gives a tuple of `Partition`s named `batch` or `feature`"
            return
        if len(partition.inputs) != len(inputs):
            yield f"a partition for {len(partition.inputs)} inputs, where the layer has {len(inputs)}"
            return
        for place, axis in enumerate(partition.inputs):
            yield from _outside(f"input {place + 1}", axis, len(inputs[place].shape) + 1, partition)
        yield from _outside("the output", partition.output, len(node.spec.shape) + 1, partition)
        for own, axis in partition.parameters.items():
            rank = ranks[node.parameters[own].name] if own in node.parameters else axis + 1
            yield from _outside(f"`{own}`", axis, rank)
        for own, axis in partition.state.items():
            rank = len(node.state[own].shape) if own in node.state else 0
            yield from _outside(f"the state `{own}`", axis, rank)


def _outside(what: str, axis: int | None, rank: int, partition: Partition | None = None) -> Iterator[str]:
    """What is wrong with an axis of something that has `rank` axes; with a partition its axis 0 is the batch."""
    if axis is None:
        return
    if not 0 <= axis < rank:
        yield f"axis {axis} of {what}, which has {rank}"
    elif partition is not None and (axis == 0) != (partition.name == "batch"):
        yield f"axis {axis} of {what} in a partition named `{partition.name}`"
