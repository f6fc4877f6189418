"""How a value stands that is still to be read: how it lies, and where it has been brought so far; each way by a small number."""

from __future__ import annotations

from singalang_compiler.partition.problem import Decided
from singalang_compiler.partition.sums import Sums
from singalang_compiler.partition.traffic import Reader, moves


class Waiting:
    """The ways in which the value of one layer may stand. What does not move for its readers is left out of account."""

    def __init__(self, sums: Sums, number: int) -> None:
        self._sums, self._source = sums, number
        self._layer = sums.problem.layers[number]
        self._ways: list[tuple[int, tuple[Reader, ...]]] = []
        self._numbers: dict[tuple[int, tuple[Reader, ...]], int] = {}
        self._costs_s: list[float] = []
        self._read: dict[tuple[int, int, int], int] = {}

    def unread(self, option: int) -> int:
        """How it stands when it has just been made; options by which it lies alike are one way."""
        output = self._layer.options[option].output
        return self._number(next(place for place, one in enumerate(self._layer.options) if one.output == output), ())

    def read(self, way: int, number: int, option: int) -> int:
        """How it stands when one layer more has read it, which is cut so."""
        key = way, number, option
        if key not in self._read:
            lies, readers = self._ways[way]
            more = self._readers(self._sums.problem.layers[number], option)
            found = moves(self._layer.options[lies].output, self._layer.stage, (*readers, *more))
            brought = sorted((Reader(stage, move.target, move.returns) for stage, move in found), key=_rank)
            self._read[key] = self._number(lies, tuple(brought))
        return self._read[key]

    def cost_s(self, way: int) -> float:
        """What it costs so far to bring it to its readers."""
        return self._costs_s[way]

    def _readers(self, layer: Decided, option: int) -> list[Reader]:
        places = (slot for slot, name in enumerate(layer.inputs) if name == self._layer.name)
        return [self._sums.reader(self._layer, layer, option, slot) for slot in places]

    def _number(self, lies: int, readers: tuple[Reader, ...]) -> int:
        way = lies, readers
        if way not in self._numbers:
            self._numbers[way] = len(self._ways)
            self._ways.append(way)
            self._costs_s.append(self._sums.value_s(self._source, lies, readers))
        return self._numbers[way]


def _rank(reader: Reader) -> tuple[int, str, bool]:
    return reader.stage, str(reader.wanted), reader.returns
