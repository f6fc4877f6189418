"""Where in its row each point stands, so that lines run straight: least squares under the order and the widths. Knows no columns.

Each row in turn takes the places that its neighbours wish, as nearly as their order allows; the nearest such places are an
isotonic regression (Barlow, Bartholomew, Bremner & Brunk, Statistical inference under order restrictions, 1972).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from singalang_compiler.drawing.aligned import aligned
from singalang_compiler.drawing.blocks import blocks
from singalang_compiler.drawing.boxes import Box
from singalang_compiler.drawing.rows import Rows

GAP = 28
_KNOT = 14
_ROUNDS = 6
_POINTS = 20_000


def straighten(rows: Rows, order: list[list[int]], boxes: Sequence[Box]) -> list[float]:
    """The x of each point's centre."""
    count = len(boxes)
    width = [float(boxes[point].width if point < count else _KNOT) for point in range(len(rows.origin))]
    x = [0.0] * len(width)
    steps = [_steps(row, width, count) for row in order]
    for row, offsets in zip(order, steps, strict=True):
        middle = offsets[-1] / 2
        for point, offset in zip(row, offsets, strict=True):
            x[point] = offset - middle
    for _ in range(_ROUNDS if len(width) < _POINTS else 1):
        for place in range(1, len(order)):
            _settle(order[place], steps[place], x, (rows.above,), count)
        for place in range(len(order) - 2, -1, -1):
            _settle(order[place], steps[place], x, (rows.below,), count)
    return aligned(rows, order, steps, x, blocks(rows, order, count))


def _steps(row: list[int], width: list[float], count: int) -> list[float]:
    """How far the points of a row are from its first, at least."""
    offsets = [0.0]
    for left, right in pairwise(row):
        gap = GAP if left < count and right < count else GAP / 2
        offsets.append(offsets[-1] + (width[left] + width[right]) / 2 + gap)
    return offsets


def _settle(row: list[int], offsets: list[float], x: list[float], sides: Sequence[list[list[int]]], count: int) -> None:
    wishes: list[tuple[float, float]] = []
    for point, offset in zip(row, offsets, strict=True):
        near = [(x[other], _pull(point, other, count)) for side in sides for other in side[point]]
        weight = sum(pull for _, pull in near)
        wish = sum(place * pull for place, pull in near) / weight if near else x[point]
        wishes.append((wish - offset, weight or 0.05))
    for point, offset, place in zip(row, offsets, _ascending(wishes), strict=True):
        x[point] = place + offset


def _pull(one: int, other: int, count: int) -> float:
    """Between boxes, and along trunks, lines should be straight; where a trunk begins or ends they may bend."""
    return 1.0 if (one < count) != (other < count) else 4.0


def _ascending(wishes: list[tuple[float, float]]) -> list[float]:
    """The ascending numbers nearest to the wishes, each with its weight: neighbours that clash take their mean."""
    pools: list[tuple[float, float, int]] = []
    for wish, weight in wishes:
        mean, total, size = wish, weight, 1
        while pools and pools[-1][0] > mean:
            other, heavy, many = pools.pop()
            mean = (mean * total + other * heavy) / (total + heavy)
            total, size = total + heavy, size + many
        pools.append((mean, total, size))
    return [mean for mean, _, size in pools for _ in range(size)]
