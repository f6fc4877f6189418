"""Joining loops: what a loop computes for others is computed where it is read, unless that would be done too often.

An operation is joined into one that reads it when both are loops and

* it is not expensive, or has no other reader and is not read often there;
* it reads at most one array of its size, or no more elements than it makes, or can be joined into all its readers on all ways.

Consumers come first. What has been joined into all its readers is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from singalang_compiler.lower.outline.operations import Operation, Use

RESULT = -1
"""What stands among the readers of a result."""


class Read(NamedTuple):
    """How a loop reads an array, all that was joined into it included; `in_place`: each element only for the element at its place,
    so that the loop may write where it reads."""

    use: Use
    in_place: bool

    def also(self, other: Read) -> Read:
        """Read in both ways."""
        alone = self.use is Use.ELEMENT and other.use is Use.ELEMENT
        return Read(Use.ELEMENT if alone else Use.OFTEN, self.in_place and other.in_place)

    def of(self, inner: Read) -> Read:
        """How an operation that is read like this is itself reading, once it is joined."""
        return Read(Use.OFTEN if self.use is Use.OFTEN else inner.use, self.in_place and inner.in_place)


@dataclass
class Joined:
    """What is left: `operations` in order, the arrays that each reads, the readers of each, the results, and for each what was
    joined into it, that of what was joined included."""

    operations: list[Operation]
    reads: dict[int, dict[int, Read]]
    readers: dict[int, set[int]]
    results: list[Operation]
    inside: dict[int, list[Operation]]


def joined(operations: Sequence[Operation], results: Sequence[Operation]) -> Joined:
    """Loops joined as far as they are."""
    joining = _Joining(operations, results)
    for one in reversed(operations):
        if one.kind == "loop" and one.number not in joining.gone:
            joining.join_into(one)
    joining.look_through_bitcasts()
    left = [one for one in operations if one.number not in joining.gone]
    inside = {one.number: joining.all_inside(one.number) for one in left}
    return Joined(left, joining.reads, joining.readers, joining.results, inside)


class _Joining:
    def __init__(self, operations: Sequence[Operation], results: Sequence[Operation]) -> None:
        self.operations, self.results = operations, list(results)
        self.place = {one.number: place for place, one in enumerate(operations)}
        self.reads: dict[int, dict[int, Read]] = {one.number: {} for one in operations}
        self.readers: dict[int, set[int]] = {one.number: set() for one in operations}
        self.gone: set[int] = set()
        self._by_number = {one.number: one for one in operations}
        self._inside: defaultdict[int, list[int]] = defaultdict(list)  # what was joined into each
        self._read_all()
        self._once: set[int] = set()  # not to be computed more than once
        self._forbid()

    def join_into(self, loop: Operation) -> None:
        """Joins into a loop all that may be, until nothing is left that may."""
        number, again = loop.number, True
        while again:
            again = False
            for operand in sorted(self.reads[number], key=self.place.__getitem__, reverse=True):
                if self._may_join(self._by_number[operand], loop):
                    self._join(operand, number)
                    again = True
                    break

    def all_inside(self, number: int) -> list[Operation]:
        """What was joined into an operation, each once."""
        found: dict[int, Operation] = {}
        waiting = list(self._inside[number])
        while waiting:
            other = waiting.pop()
            if other not in found:
                found[other] = self._by_number[other]
                waiting += self._inside[other]
        return [found[other] for other in sorted(found)]

    def look_through_bitcasts(self) -> None:
        """A reshaped array into which nothing was joined is the array itself."""
        for one in self.operations:
            if one.name == "bitcast" and one.number not in self.gone and not self._inside[one.number]:
                self._look_through(one)

    def _look_through(self, bitcast: Operation) -> None:
        ((source, _),) = self.reads[bitcast.number].items()
        for reader in self.readers[bitcast.number] - {RESULT}:
            use = self.reads[reader].pop(bitcast.number).use
            self._add_read(reader, source, Read(use, False))
        for place, result in enumerate(self.results):
            if result is bitcast:
                self.results[place] = self._by_number[source]
                self.readers[source].add(RESULT)
        self.readers[source].remove(bitcast.number)
        self.gone.add(bitcast.number)

    def _read_all(self) -> None:
        for one in self.operations:
            for operand, use in zip(one.operands, one.uses, strict=True):
                self._add_read(one.number, operand.number, Read(use, use is Use.ELEMENT))
        for result in self.results:
            self.readers[result.number].add(RESULT)

    def _add_read(self, reader: int, operand: int, read: Read) -> None:
        before = self.reads[reader].get(operand)
        self.reads[reader][operand] = read if before is None else before.also(read)
        self.readers[operand].add(reader)

    def _may_join(self, operand: Operation, loop: Operation) -> bool:
        number = operand.number
        if operand.kind != "loop" or (number in self._once and not (operand.name == "concatenate" and loop.name == "reduce")):
            return False
        if operand.name == "concatenate" and loop.name != "reduce" and len(self.readers[number]) > 1:
            return False
        if loop.name == "update" and loop.operands[0] is operand:
            return False  # it is overwritten in place
        if not operand.expensive:
            return True
        shared = len(self.readers[number]) > 1 and not (operand.name == "update" and loop.name == "slice")
        return not shared and self.reads[loop.number][number].use is not Use.OFTEN

    def _join(self, operand: int, loop: int) -> None:
        read = self.reads[loop].pop(operand)
        for inner, inner_read in self.reads[operand].items():
            self._add_read(loop, inner, read.of(inner_read))
        self.readers[operand].remove(loop)
        self._inside[loop].append(operand)
        if not self.readers[operand]:
            self.gone.add(operand)
            for inner in self.reads[operand]:
                self.readers[inner].remove(operand)

    def _forbid(self) -> None:
        """Finds what must not be computed more than once."""
        for one in self.operations:
            if one.kind != "loop" or _reads_one(one) or self._reads_no_more_than_it_makes(one):
                continue
            if RESULT in self.readers[one.number] or not all(self._joinable_on_all_ways(one)):
                self._once.add(one.number)

    def _reads_no_more_than_it_makes(self, one: Operation) -> bool:
        """That several arrays are joined to one does not count."""
        return one.name != "concatenate" and sum(self._by_number[number].size for number in self.reads[one.number]) <= one.size

    def _joinable_on_all_ways(self, one: Operation) -> Iterator[bool]:
        """For each reader of an operation whether everything between the two could be joined."""
        readers = self.readers[one.number] - {RESULT}
        open_ = {one.number: True}
        end = max((self.place[reader] for reader in readers), default=0)
        for other in self.operations[self.place[one.number] + 1 : end + 1]:
            ways = [operand for operand in self.reads[other.number] if operand in open_]
            if ways:
                open_[other.number] = all(open_[way] and self._could_join(way, other, one) for way in ways)
                if other.number in readers:
                    yield open_[other.number]

    def _could_join(self, number: int, loop: Operation, first: Operation) -> bool:
        operand = self._by_number[number]
        if operand.kind != "loop" or loop.kind != "loop":
            return False
        dear = operand.expensive and len(self.readers[number]) > 1
        return not dear and (operand is first or number not in self._once)


def _reads_one(one: Operation) -> bool:
    """Whether at most one of its operands is an array of its rank that is not spread or counted out."""
    return sum(len(operand.shape) >= len(one.shape) and not _is_spread(operand) for operand in one.operands) <= 1


def _is_spread(one: Operation) -> bool:
    """Whether an array is made of smaller ones, of numbers, or of nothing."""
    if one.kind != "loop" or one.name in ("broadcast", "iota", "fill"):
        return one.kind in ("constant", "loop")
    element_wise = all(use is Use.ELEMENT for use in one.uses)
    return element_wise and bool(one.operands) and all(_is_spread(operand) for operand in one.operands)
