"""Where the arrays of a kernel lie, and how much memory they need: XLA's assignment of buffers.

Results have places of their own, but for those that overwrite a donated argument. Of the others the largest come first: each takes
the place of a result that is not needed at the time, if there is one. What is left is packed in both of two orders, by size and by
length of life, each array into the smallest gap; the better packing counts. A loop that reads an array element by element, and
last, writes in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from singalang_compiler.lower.outline.fusion import Joined
from singalang_compiler.lower.outline.operations import Operation
from singalang_compiler.lower.outline.order import last_reads, order

_ALIGNED = 64


@dataclass(eq=False)
class _Array:
    """One array: bytes, and the places of the operations that make it and read it last."""

    number: int
    size: int
    first: int
    last: int
    is_result: bool = False

    def meets(self, other: _Array) -> bool:
        """Whether both are there at a time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(eq=False)
class _Block:
    """Arrays one after the other in one place."""

    size: int
    first: int
    last: int
    number: int
    arrays: list[_Array] = field(default_factory=list)


def temporary_bytes(left: Joined, donated: Sequence[Operation]) -> int:
    """What all arrays but arguments and results need."""
    arrays = _Arrays(left)
    return arrays.packed(arrays.not_with_results([one.bytes for one in donated]))


class _Arrays:
    def __init__(self, left: Joined) -> None:
        self._left = left
        self._by_number = {one.number: one for one in left.operations}
        places = {number: place for place, number in enumerate(order(left))}
        last = last_reads(left, places)
        results = {one.number for one in left.results}
        end = len(places)
        self._all = [
            array
            for one in left.operations
            if one.kind in ("loop", "opaque")
            for array in _arrays_of(
                one, places[one.number], end if one.number in results else last[one.number], one.number in results
            )
            if array.size
        ]

    def not_with_results(self, donated: list[int]) -> list[_Array]:
        """The arrays that find no place where a result will be."""
        shelves: list[tuple[int, list[_Array]]] = []
        rest: list[_Array] = []
        for array in sorted(self._all, key=lambda one: (-one.size, not one.is_result, one.first)):
            if array.is_result and array.size in donated:
                donated.remove(array.size)
            elif array.is_result:
                shelves.append((array.size, [array]))
            else:
                shelf = next((shelf for _, shelf in reversed(shelves) if not any(self._collide(array, one) for one in shelf)), None)
                (rest if shelf is None else shelf).append(array)
        return rest

    def packed(self, arrays: Sequence[_Array]) -> int:
        """The bytes of these arrays packed."""
        blocks = self._blocks(arrays)
        by_size = _pack(blocks, lambda block: (-block.size, block.first - block.last, block.first, block.number))
        by_life = _pack(blocks, lambda block: (block.first - block.last, -block.size, block.first, block.number))
        return min(by_size, by_life)

    def _blocks(self, arrays: Sequence[_Array]) -> list[_Block]:
        """Arrays that are written where another one has been read stand in its block."""
        blocks: list[_Block] = []
        of: dict[int, _Block] = {}
        taken: set[int] = set()
        for array in sorted(arrays, key=lambda one: one.first):
            before = next(
                (number for number in sorted(of) if number not in taken and self._continues(of[number], number, array)), None
            )
            if before is None:
                block = _Block(array.size, array.first, array.last, array.number)
                blocks.append(block)
            else:
                taken.add(before)
                block = of[before]
                block.last = max(block.last, array.last)
            block.arrays.append(array)
            of[array.number] = block
        return blocks

    def _continues(self, block: _Block, number: int, array: _Array) -> bool:
        source = next(one for one in block.arrays if one.number == number)
        return source.last == array.first and self._writes_over(array.number, number)

    def _writes_over(self, writer: int, source: int) -> bool:
        """Whether an operation can write where it reads."""
        read = self._left.reads.get(writer, {}).get(source)
        one, other = self._by_number[writer], self._by_number[source]
        return read is not None and read.in_place and one.kind == "loop" and one.bytes == other.bytes

    def _collide(self, one: _Array, other: _Array) -> bool:
        if not one.meets(other):
            return False
        if one.last == other.first and one.first != one.last:
            return not self._writes_over(other.number, one.number)
        if other.last == one.first and other.first != other.last:
            return not self._writes_over(one.number, other.number)
        return True


def _arrays_of(one: Operation, first: int, last: int, is_result: bool) -> list[_Array]:
    made = [_Array(one.number, one.bytes // one.parts, first, last, is_result) for _ in range(one.parts)]
    return made + [_Array(one.number, size, first, first) for size in one.scratch]


def _pack(blocks: Sequence[_Block], key: Callable[[_Block], tuple[int, ...]]) -> int:
    """The end of the last block when each, in this order, goes into the smallest gap between those that are there with it."""
    placed: list[tuple[int, _Block]] = []
    for block in sorted(blocks, key=key):
        busy = sorted((at, at + one.size) for at, one in placed if block.first <= one.last and one.first <= block.last)
        at, gaps = 0, []
        for first, end in busy:
            if first - at >= block.size:
                gaps.append((first - at, at))
            at = max(at, -(-end // _ALIGNED) * _ALIGNED)
        placed.append((min(gaps)[1] if gaps else at, block))
    return max((at + block.size for at, block in placed), default=0)
