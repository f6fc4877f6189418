"""What moves because a value is read otherwise than it lies, and how long that takes. Knows distributions and links, no layer.

The rules by which connections are made: within a stage a value is read as it lies, or cut locally where every worker has all of
it, which moves nothing. Else a connection brings it into the distribution wanted, one for all its readers; if some reader in a
stage wants all of it, it alone is brought there whole, and the others take their parts locally. Between stages something is
always sent.
"""

from __future__ import annotations

from typing import NamedTuple

from singalang_compiler.geometry import WHOLE, Distribution
from singalang_compiler.partition.problem import Group


class Reader(NamedTuple):
    """A way in which a value is read: in which stage, in which distribution, and whether a gradient comes back from there."""

    stage: int
    wanted: Distribution
    returns: bool


class Move(NamedTuple):
    """A connection of a value, as far as its cost depends on it."""

    source: Distribution
    target: Distribution
    apart: bool  # to another stage
    returns: bool


def moves(source: Distribution, stage: int, readers: tuple[Reader, ...]) -> tuple[tuple[int, Move], ...]:
    """The connections of a value that lies in a stage as `source`, each with the stage that it goes to."""
    wanted: dict[int, dict[Distribution, bool]] = {}
    for reader in readers:
        in_stage = wanted.setdefault(reader.stage, {})
        in_stage[reader.wanted] = in_stage.get(reader.wanted, False) or reader.returns
    found = []
    for target_stage, in_stage in wanted.items():
        apart = target_stage != stage
        for target, returns in _brought(source, apart, in_stage).items():
            found.append((target_stage, Move(source, target, apart, returns)))
    return tuple(found)


def _brought(source: Distribution, apart: bool, wanted: dict[Distribution, bool]) -> dict[Distribution, bool]:
    if not apart:
        if source == WHOLE:
            return {}
        wanted = {target: returns for target, returns in wanted.items() if target != source}
    if WHOLE in wanted:
        return {WHOLE: any(wanted.values())}
    return wanted


def busiest_elements(group: Group, elements: int, move: Move) -> float:
    """Elements that the busiest worker sends or gets, whichever is more, in one direction of one micro-batch."""
    source, target, apart = move.source, move.target, move.apart
    if source.kind == "whole" or (source == target and source.kind != "partial"):
        return piece_elements(group, elements, target) if apart else 0.0
    others = group.workers if apart else group.workers - 1
    cuts = (source.kind == "feature") + (target.kind == "feature")
    width = elements / (1, group.workers, group.workers * group.workers)[cuts]
    if "batch" in (source.kind, target.kind):
        elsewhere = group.all_rows if apart else group.all_rows - group.fewest_rows
        return width * max(elsewhere, others * group.most_rows)
    return width * others * group.all_rows


def piece_elements(group: Group, elements: int, distribution: Distribution) -> float:
    """Elements of the largest piece of a value in one micro-batch."""
    held = float(group.most_rows if distribution.kind == "batch" else group.all_rows) * elements
    return held / group.workers if distribution.kind == "feature" else held


def once_s(group: Group, elements: int, move: Move) -> float:
    """Seconds from when the blocks of a connection are given until they have arrived, in one direction of one micro-batch."""
    return group.link_latency_s + busiest_elements(group, elements, move) * group.element_bytes / group.link_bytes_s


def move_s(group: Group, elements: int, move: Move) -> float:
    """Seconds of a step for a connection of a value of so many elements a record, both ways if a gradient comes back."""
    each = once_s(group, elements, move) + (0.0 if move.apart else group.dispatch_s)
    return group.micro_batches * each * (2 if move.returns else 1) * group.of_step


def value_s(group: Group, elements: int, source: Distribution, stage: int, readers: tuple[Reader, ...]) -> float:
    """Seconds of a step for all connections of a value."""
    return sum(move_s(group, elements, move) for _, move in moves(source, stage, readers))


def value_bytes(group: Group, elements: int, source: Distribution, stage: int, readers: tuple[Reader, ...]) -> dict[int, float]:
    """By stage the memory of a worker there for what is brought to it of a value, and for the gradient of that."""
    found: dict[int, float] = {}
    for target_stage, move in moves(source, stage, readers):
        held = piece_elements(group, elements, move.target) * group.element_bytes * (2 if move.returns else 1)
        found[target_stage] = found.get(target_stage, 0.0) + held * in_flight(group, target_stage)
    return found


def in_flight(group: Group, stage: int) -> int:
    """Micro-batches of which a worker of a stage holds values at once, under one-forward-one-backward."""
    return min(group.micro_batches, group.stages - stage)
