"""Lays out a layered graph: rows, few crossings, straight lines, columns. Equal boxes give equal drawings."""

from __future__ import annotations

from collections.abc import Sequence

from singalang_compiler.drawing.boxes import Box, Drawing, Frame, Line, Point, Spot
from singalang_compiler.drawing.columns import FRAME_BOTTOM, FRAME_TOP, ROW_GAP, Heights, fold, heights
from singalang_compiler.drawing.crossings import untangle
from singalang_compiler.drawing.rows import Rows, in_rows, severed
from singalang_compiler.drawing.straight import straighten

_MARGIN = 20
_FRAME_SIDE = 16
_GUTTER = 30
_LANE = 9
"""Between lines that go on in the next column."""


def draw(boxes: Sequence[Box]) -> Drawing:
    """The drawing of a graph; names are unique and every input is among the boxes."""
    if not boxes:
        return Drawing(0, 0, {}, {}, {}, ())
    rows = in_rows(boxes)
    order = untangle(rows)
    tall = heights(rows, boxes)
    x = straighten(rows, order, boxes)
    columns = fold(rows, tall, [_reach(row, x, boxes) for row in order])
    if len(columns) > 1:
        x = straighten(severed(rows, [column[0] for column in columns[1:]]), order, boxes)
    return _Sheet(boxes, rows, tall, columns, x).drawing()


def _reach(row: list[int], x: list[float], boxes: Sequence[Box]) -> tuple[float, float]:
    """The left and the right end of a row."""
    half = {point: boxes[point].width / 2 if point < len(boxes) else 4.0 for point in row}
    return min(x[point] - half[point] for point in row), max(x[point] + half[point] for point in row)


class _Sheet:
    """A drawing in the making: where each column and row lies."""

    def __init__(self, boxes: Sequence[Box], rows: Rows, tall: Heights, columns: list[range], x: list[float]) -> None:
        self.boxes, self.rows, self.tall, self.columns = boxes, rows, tall, columns
        self.turns = [sorted({point for point in rows.rows[column[-1]] if rows.below[point]}, key=lambda p: -x[p])
                      for column in self.columns[:-1]]  # fmt: skip
        self.top = _MARGIN + (_MARGIN + _LANE * max(map(len, self.turns)) if self.turns else 0)
        self.x = [0] * len(x)
        self.edges: list[tuple[int, int]] = []
        self._across(x)
        self.row_top = [0] * len(rows.rows)
        self.bottoms = [self._down(column) for column in self.columns]

    def _across(self, x: list[float]) -> None:
        """Columns side by side, with room between them for the lines that go on."""
        side = _FRAME_SIDE if self.tall.framed else 0
        left = _MARGIN
        widths = [_reach(row, x, self.boxes) for row in self.rows.rows]
        for number, column in enumerate(self.columns):
            first = min(widths[row][0] for row in column)
            wide = round(max(widths[row][1] for row in column) - first) + 2 * side
            for row in column:
                for point in self.rows.rows[row]:
                    self.x[point] = round(x[point] - first) + left + side
            self.edges.append((left, left + wide))
            lanes = len(self.turns[number]) if number < len(self.turns) else 0
            left += wide + 2 * _GUTTER + _LANE * lanes

    def _down(self, column: range) -> int:
        """Puts a column's rows below each other; gives its lower end."""
        y = self.top
        for row in column:
            y += ROW_GAP if row != column[0] else 0
            y += FRAME_TOP if self.tall.opens(row, column[0]) else 0
            self.row_top[row] = y
            y += self.tall.rows[row]
            y += FRAME_BOTTOM if self.tall.closes(row, column[-1]) else 0
        return y

    def drawing(self) -> Drawing:
        """What came out."""
        row_of = {point: number for number, row in enumerate(self.rows.rows) for point in row}
        spots = {box.name: Spot(self.x[point], self._middle(row_of[point]), row_of[point]) for point, box in enumerate(self.boxes)}
        room = _LANE * max(map(len, self.turns)) + _MARGIN if self.turns else 0
        sizes = {box.name: (box.width, box.height) for box in self.boxes}
        high = max(self.bottoms) + room + _MARGIN
        return Drawing(self.edges[-1][1] + _MARGIN, high, spots, sizes, self._lines(row_of), tuple(self._frames()))

    def _middle(self, row: int) -> int:
        return self.row_top[row] + self.tall.rows[row] // 2

    def _upper(self, point: int, row: int) -> int:
        """Where lines arrive at a point."""
        return self._middle(row) - self.boxes[point].height // 2 if point < len(self.boxes) else self.row_top[row]

    def _lower(self, point: int, row: int) -> int:
        """Where lines leave a point."""
        tall = self.tall.rows[row]
        return self._middle(row) + (self.boxes[point].height + 1) // 2 if point < len(self.boxes) else self.row_top[row] + tall

    def _lines(self, row_of: dict[int, int]) -> dict[str, Line]:
        strokes: list[list[tuple[Point, ...]]] = [[] for _ in self.boxes]
        heads: list[list[Point]] = [[] for _ in self.boxes]
        turning = {point: (column, lane) for column, points in enumerate(self.turns) for lane, point in enumerate(points)}
        for point, origin in enumerate(self.rows.origin):
            row, here = row_of[point], self.x[point]
            if point >= len(self.boxes):
                strokes[origin].append(((here, self._upper(point, row)), (here, self._lower(point, row))))
            start = (here, self._lower(point, row))
            for other in self.rows.below[point]:
                end = (self.x[other], self._upper(other, row_of[other]))
                strokes[origin].append(self._turn(start, end, *turning[point]) if point in turning else (start, end))
                if other < len(self.boxes):
                    heads[origin].append(end)
        return {box.name: Line(tuple(strokes[n]), tuple(heads[n])) for n, box in enumerate(self.boxes) if strokes[n]}

    def _turn(self, start: Point, end: Point, column: int, lane: int) -> tuple[Point, ...]:
        """From the foot of a column to the head of the next; lanes lie in each other, so that turning lines do not cross."""
        lanes = len(self.turns[column])
        low = self.bottoms[column] + _MARGIN // 2 + _LANE * lane
        across = self.edges[column][1] + _GUTTER + _LANE * lane
        high = self.top - _MARGIN // 2 - _LANE * (lanes - 1 - lane)
        return (start, (start[0], low), (across, low), (across, high), (end[0], high), end)

    def _frames(self) -> list[Frame]:
        found: list[Frame] = []
        seen: set[int] = set()
        for (left, right), column in zip(self.edges, self.columns, strict=True):
            opening = [row for row in column if self.tall.opens(row, column[0])]
            for row in opening:
                stage = self.tall.bands[row][0]
                last = max(other for other in column if self.tall.bands[other] == (stage, False))
                top = self.row_top[row] - FRAME_TOP
                bottom = self.row_top[last] + self.tall.rows[last] + FRAME_BOTTOM
                found.append(Frame(stage, left, top, right - left, bottom - top, stage not in seen))
                seen.add(stage)
        return found
