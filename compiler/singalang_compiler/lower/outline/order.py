"""The order in which XLA runs what is left of a kernel, and how long each array is needed in it."""

from __future__ import annotations

from collections.abc import Mapping

from singalang_compiler.lower.outline.fusion import Joined


def order(left: Joined) -> list[int]:
    """The numbers of what is left, in the order in which XLA runs it: what becomes ready first comes first.

    XLA knows another order among those that one array makes ready; that of their numbers, large reductions last, is nearest to it.
    """
    last = {one.number for one in left.operations if one.name == "reduction"}
    constants = {one.number for one in left.operations if one.kind == "constant"}
    waits = {one.number: sum(operand not in constants for operand in left.reads[one.number]) for one in left.operations}
    ready = [one.number for one in left.operations if not waits[one.number]]
    for number in ready:  # it grows meanwhile
        for reader in sorted(left.readers[number], key=lambda one: (one in last, one)) if number not in constants else ():
            if reader in waits:
                waits[reader] -= 1
                if not waits[reader]:
                    ready.append(reader)
    assert len(ready) == len(left.operations), "an operation waits for ever"
    return ready


def last_reads(left: Joined, places: Mapping[int, int]) -> dict[int, int]:
    """For each array the place of who reads it last, its own where nobody does."""
    last = dict(places)
    for one in left.operations:
        for operand in left.reads[one.number]:
            last[operand] = max(last[operand], places[one.number])
    return last
