"""Rows folded into columns, as text is in a newspaper, so that a deep net fills a page. Knows heights and widths alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from singalang_compiler.drawing.boxes import Box
from singalang_compiler.drawing.rows import Rows

ROW_GAP = 30
FRAME_TOP = 34
FRAME_BOTTOM = 14
_WIDER = 1.5
"""How many times as wide as high a page is."""
_LEAST = 760
"""Pixels below which a drawing is not folded."""
_MANY = 48
"""Columns that are tried at most."""
_BETWEEN = 70
"""Room between columns, about."""


@dataclass(frozen=True, slots=True)
class Heights:
    """How high each row is, and what it stands in: `framed` says that stages have frames."""

    rows: tuple[int, ...]
    bands: tuple[tuple[int, bool], ...]
    framed: bool

    def in_frame(self, row: int) -> bool:
        """Whether a row stands in its stage's frame."""
        return self.framed and not self.bands[row][1]

    def opens(self, row: int, first: int) -> bool:
        """Whether a frame begins at a row of a column that begins at the row `first`."""
        return self.in_frame(row) and (row == first or self.bands[row - 1] != self.bands[row])

    def closes(self, row: int, last: int) -> bool:
        """Whether a frame ends after a row of a column whose last row is `last`."""
        return self.in_frame(row) and (row == last or self.bands[row + 1] != self.bands[row])

    def pitch(self, row: int) -> int:
        """What a row takes, about, with the room around it."""
        begins = self.in_frame(row) and (not row or self.bands[row - 1] != self.bands[row])
        return self.rows[row] + ROW_GAP + begins * (FRAME_TOP + FRAME_BOTTOM)


def heights(rows: Rows, boxes: Sequence[Box]) -> Heights:
    """Heights of the rows: of each its highest box."""
    count = len(boxes)
    tall = tuple(max(boxes[point].height for point in row if point < count) for row in rows.rows)
    return Heights(tall, tuple(rows.bands), any(box.stage for box in boxes))


def fold(rows: Rows, tall: Heights, reach: Sequence[tuple[float, float]]) -> list[range]:
    """The columns: which rows each holds. `reach` is each row's left and right end.

    Of several ways the one that can be shown largest on a page; columns end where a stage does, or else where few lines go on.
    """
    whole = sum(tall.pitch(row) for row in range(len(tall.rows)))
    found = [[range(len(tall.rows))]]
    for columns in range(2, _MANY + 1):
        if whole / columns < _LEAST / 3 or whole <= _LEAST:
            break
        found += [_cut(rows, tall, room * whole / columns) for room in (1.03, 1.2)]
    return min(found, key=lambda columns: _smallness(tall, reach, columns) * _strain(rows, tall, columns))


def _smallness(tall: Heights, reach: Sequence[tuple[float, float]], columns: Sequence[range]) -> float:
    """How much a drawing must be made smaller to be shown on a page."""
    wide = sum(max(reach[row][1] for row in one) - min(reach[row][0] for row in one) + _BETWEEN for one in columns)
    high = max(sum(tall.pitch(row) for row in one) for one in columns)
    return max(wide / _WIDER, high, _LEAST)


def _strain(rows: Rows, tall: Heights, columns: Sequence[range]) -> float:
    """1 and more for what folding takes apart: stages, lines beside each other, and the net itself."""
    apart = sum(_goes_on(tall, one[0]) for one in columns[1:]) if tall.framed else 0
    lines = sum(_going_on(rows, one[0]) - 1 for one in columns[1:])
    return 1 + apart / 8 + lines / 20 + len(columns) / 100


def _going_on(rows: Rows, row: int) -> int:
    """From how many points lines lead to a row."""
    return sum(bool(rows.below[point]) for point in rows.rows[row - 1])


def _goes_on(tall: Heights, row: int) -> bool:
    """Whether a row belongs to the stage of the row before."""
    return tall.bands[row][0] == tall.bands[row - 1][0]


def _cut(rows: Rows, tall: Heights, limit: float) -> list[range]:
    """Columns no higher than a limit, but for single rows that are."""
    starts, used = [0], 0
    for row in range(len(tall.rows)):
        used += tall.pitch(row)
        if used > limit and row > starts[-1]:
            starts.append(_best_cut(rows, tall, starts[-1], row))
            used = sum(tall.pitch(other) for other in range(starts[-1], row + 1))
    return [range(first, end) for first, end in pairwise([*starts, len(tall.rows)])]


def _best_cut(rows: Rows, tall: Heights, first: int, last: int) -> int:
    """The row that the next column begins with, one of the last quarter of those that would fit."""

    def badness(row: int) -> tuple[bool, int, int]:
        return _goes_on(tall, row), _going_on(rows, row), last - row

    return min(range(max(first + 1, last - max(2, (last - first) // 4)), last + 1), key=badness)
