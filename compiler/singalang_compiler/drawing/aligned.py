"""Every block of points on one straight line, near where its points were. Knows widths only as distances within rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

from singalang_compiler.drawing.rows import Rows
from singalang_compiler.graph import generations

_ROUNDS = 8


def aligned(
    rows: Rows, order: list[list[int]], steps: Sequence[Sequence[float]], x: Sequence[float], block: Sequence[int]
) -> list[float]:
    """The x of each point: that of its block. `steps` says how far the points of a row are from its first at least."""
    placed = _Placed(order, steps, block)
    placed.near({own: sum(x[point] for point in points) / len(points) for own, points in placed.members.items()})
    ends = _larger_ends(rows, block, placed.members)
    for _ in range(_ROUNDS):
        placed.relax(ends)
    return [placed.x[own] for own in block]


def _larger_ends(rows: Rows, block: Sequence[int], members: dict[int, list[int]]) -> dict[int, list[int]]:
    """For each block the blocks at the other ends of its lines that are no smaller: what is small moves to what is large."""
    found: dict[int, list[int]] = {own: [] for own in members}
    for point, others in enumerate(rows.below):
        one = block[point]
        for other in (block[lower] for lower in others if block[lower] != one):
            if len(members[other]) >= len(members[one]):
                found[one].append(other)
            if len(members[one]) >= len(members[other]):
                found[other].append(one)
    return found


class _Placed:
    """The blocks with what keeps them apart: `left` and `right` hold each block's neighbours and their least distances."""

    def __init__(self, order: list[list[int]], steps: Sequence[Sequence[float]], block: Sequence[int]) -> None:
        self.members: dict[int, list[int]] = {}
        for point, own in enumerate(block):
            self.members.setdefault(own, []).append(point)
        self.left: dict[int, list[tuple[int, float]]] = {own: [] for own in self.members}
        self.right: dict[int, list[tuple[int, float]]] = {own: [] for own in self.members}
        for row, far in zip(order, steps, strict=True):
            for (one, near), (other, away) in pairwise(zip(row, far, strict=True)):
                self.right[block[one]].append((block[other], away - near))
                self.left[block[other]].append((block[one], away - near))
        needs = {own: [other for other, _ in others] for own, others in self.left.items()}
        self.sequence = [own for names in generations(needs) for own in names]
        self.x: dict[int, float] = {}

    def near(self, wish: dict[int, float]) -> None:
        """Puts each halfway between the leftmost and the rightmost place that wishes and neighbours give it."""
        low: dict[int, float] = {}
        high: dict[int, float] = {}
        for own in self.sequence:
            low[own] = max([wish[own], *(low[other] + gap for other, gap in self.left[own])])
        for own in reversed(self.sequence):
            high[own] = min([wish[own], *(high[other] - gap for other, gap in self.right[own])])
        self.x = {own: (low[own] + high[own]) / 2 for own in self.members}

    def relax(self, ends: dict[int, list[int]]) -> None:
        """Moves each block towards the middle of what its lines lead to, as far as its neighbours let it."""
        for own in [*self.sequence, *reversed(self.sequence)]:
            if ends[own]:
                wish = _median([self.x[other] for other in ends[own]])
                low = max((self.x[other] + gap for other, gap in self.left[own]), default=-inf)
                high = min((self.x[other] - gap for other, gap in self.right[own]), default=inf)
                self.x[own] = max(low, min(wish, high))


def _median(places: list[float]) -> float:
    ordered = sorted(places)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
