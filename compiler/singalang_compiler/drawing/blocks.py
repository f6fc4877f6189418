"""Points one below the other that belong on one straight line: chains of layers, and trunks of long lines. Knows no widths.

In the manner of Brandes & Köpf, Fast and simple horizontal coordinate assignment, 2001, with trunks and chains first.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from singalang_compiler.drawing.rows import Rows


def blocks(rows: Rows, order: list[list[int]], count: int) -> list[int]:
    """For each point the number of its block: its uppermost point. `count` points are boxes, the others knots."""
    block = list(range(len(rows.origin)))
    for upper, lower in pairwise(order):
        place = {point: number for number, point in enumerate(upper)} | {point: number for number, point in enumerate(lower)}
        pairs = [(_strength(rows, place, one, other, count), one, other) for other in lower for one in rows.above[other]]
        for one, other in _uncrossed(sorted(pairs), place):
            block[other] = block[one]
    return block


def _strength(rows: Rows, place: dict[int, int], one: int, other: int, count: int) -> tuple[int, int, int, int]:
    """What is lowest goes first: trunks, then boxes below boxes; of several the one in the middle."""
    kind = 0 if one >= count and other >= count else 1 if one < count and other < count else 2
    return kind, _from_middle(rows.below[one], other, place) + _from_middle(rows.above[other], one, place), place[other], place[one]


def _from_middle(points: list[int], point: int, place: dict[int, int]) -> int:
    ordered = sorted(points, key=place.__getitem__)
    return abs(2 * ordered.index(point) - len(ordered) + 1)


def _uncrossed(pairs: list[tuple[tuple[int, int, int, int], int, int]], place: dict[int, int]) -> list[tuple[int, int]]:
    """Of the pairs, strongest first, those that neither share a point with, nor cross, one taken before."""
    uppers: list[int] = []
    lowers: list[int] = []
    taken: list[tuple[int, int]] = []
    for _, one, other in pairs:
        here = bisect_left(uppers, place[one])
        if here < len(uppers) and uppers[here] == place[one]:
            continue
        after = here == len(lowers) or place[other] < lowers[here]
        if after and (here == 0 or lowers[here - 1] < place[other]):
            uppers.insert(here, place[one])
            lowers.insert(here, place[other])
            taken.append((one, other))
    return taken
