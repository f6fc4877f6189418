"""Which row of a drawing each box stands in, and the knots by which long lines pass the rows between. Knows no pixels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from singalang_compiler.drawing.boxes import Box
from singalang_compiler.graph import generations


@dataclass(frozen=True, slots=True)
class Rows:
    """A graph in rows whose lines all go from one row to the next.

    Points are counted: first the boxes in the order given, then knots. `rows` holds the points of each row, `above` and `below`
    each point's neighbours, `origin` the box that the line through a point comes from, `bands` each row's stage and whether it
    stands before its frame.
    """

    rows: list[list[int]]
    above: list[list[int]]
    below: list[list[int]]
    origin: list[int]
    bands: list[tuple[int, bool]]


def in_rows(boxes: Sequence[Box]) -> Rows:
    """Every box in the earliest row below all its inputs, stage after stage; what has none stands just above what reads it."""
    bands = [(box.stage, box.before) for box in boxes]
    order = sorted(set(bands), key=lambda band: (band[0], not band[1]))
    row_of: dict[str, int] = {}
    row_bands: list[tuple[int, bool]] = []
    for band in order:
        members = [box for box, own in zip(boxes, bands, strict=True) if own == band]
        found = _rows_of_band(members, len(row_bands))
        row_of |= found
        row_bands += [band] * (max(found.values()) + 1 - len(row_bands))
    return _with_knots(boxes, row_of, row_bands)


def severed(rows: Rows, starts: Collection[int]) -> Rows:
    """The same without the lines that lead to these rows: what stands in different columns need not be in line."""
    above, below = list(rows.above), list(rows.below)
    for start in starts:
        for point in rows.rows[start]:
            above[point] = []
        for point in rows.rows[start - 1]:
            below[point] = []
    return replace(rows, above=above, below=below)


def _rows_of_band(members: Sequence[Box], first: int) -> dict[str, int]:
    names = {box.name for box in members}
    inside = {box.name: tuple(name for name in box.inputs if name in names) for box in members}
    row_of = {name: first + place for place, names in enumerate(generations(inside)) for name in names}
    readers: dict[str, list[int]] = {}
    for name, inputs in inside.items():
        for source in inputs:
            readers.setdefault(source, []).append(row_of[name])
    for box in members:
        if not box.inputs and box.name in readers:
            row_of[box.name] = min(readers[box.name]) - 1
    return row_of


def _with_knots(boxes: Sequence[Box], row_of: Mapping[str, int], bands: list[tuple[int, bool]]) -> Rows:
    """The lines of one box share their knots: a trunk from which they branch off."""
    place = {box.name: number for number, box in enumerate(boxes)}
    made = Rows([[] for _ in bands], [[] for _ in boxes], [[] for _ in boxes], list(range(len(boxes))), bands)
    trunk: dict[tuple[int, int], int] = {}
    for number in _depth_first(boxes, place):
        box = boxes[number]
        made.rows[row_of[box.name]].append(number)
        for source in dict.fromkeys(box.inputs):
            origin = place[source]
            upper = origin
            for row in range(row_of[source] + 1, row_of[box.name]):
                knot = trunk.get((origin, row))
                if knot is None:
                    knot = trunk[origin, row] = len(made.origin)
                    made.origin.append(origin)
                    made.above.append([])
                    made.below.append([])
                    made.rows[row].append(knot)
                    _join(made, upper, knot)
                upper = knot
            _join(made, upper, number)
    return made


def _join(made: Rows, upper: int, lower: int) -> None:
    made.below[upper].append(lower)
    made.above[lower].append(upper)


def _depth_first(boxes: Sequence[Box], place: Mapping[str, int]) -> Iterable[int]:
    """Boxes, each after its inputs, branches one after the other: an order with few crossings to begin with."""
    readers: list[list[int]] = [[] for _ in boxes]
    for number, box in enumerate(boxes):
        for source in dict.fromkeys(box.inputs):
            readers[place[source]].append(number)
    missing = [len(set(box.inputs)) for box in boxes]
    waiting = [number for number in reversed(range(len(boxes))) if not missing[number]]
    while waiting:
        number = waiting.pop()
        yield number
        for reader in reversed(readers[number]):
            missing[reader] -= 1
            if not missing[reader]:
                waiting.append(reader)
