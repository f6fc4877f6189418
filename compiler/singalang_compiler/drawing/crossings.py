"""The order of the points in each row, so that few lines cross: barycentres, row by row, down and up. Knows no pixels.

Source: Sugiyama, Tagawa & Toda, Methods for visual understanding of hierarchical system structures, 1981.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise

from singalang_compiler.drawing.rows import Rows

_SWEEPS = 16
_POINTS = 20_000
"""Points from which a few sweeps must do."""


def untangle(rows: Rows) -> list[list[int]]:
    """The rows in a better order: the best that a bounded number of sweeps found."""
    now = [list(row) for row in rows.rows]
    best, fewest = [list(row) for row in now], crossings(rows, now)
    idle = 0
    for sweep in range(_SWEEPS if len(rows.origin) < _POINTS else 2):
        if not fewest or idle == 4:
            break
        _sweep(rows, now, down=sweep % 2 == 0)
        count = crossings(rows, now)
        idle += 1
        if count < fewest:
            best, fewest, idle = [list(row) for row in now], count, 0
    return best


def crossings(rows: Rows, order: list[list[int]]) -> int:
    """How many pairs of lines between neighbouring rows cross."""
    count = 0
    for upper, lower in pairwise(order):
        place = {point: number for number, point in enumerate(lower)}
        seen: list[int] = []
        for point in upper:
            ends = sorted(place[below] for below in rows.below[point])
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _sweep(rows: Rows, order: list[list[int]], down: bool) -> None:
    near = rows.above if down else rows.below
    pairs = list(pairwise(order))
    for upper, lower in pairs if down else reversed(pairs):
        fixed, moved = (upper, lower) if down else (lower, upper)
        place = {point: number for number, point in enumerate(fixed)}
        means = [_mean([place[other] for other in near[point]], number) for number, point in enumerate(moved)]
        moved[:] = [moved[number] for number in sorted(range(len(moved)), key=means.__getitem__)]


def _mean(places: list[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else float(otherwise)
