"""Medians of paired measurements, with an interval that assumes nothing about their distribution."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb


@dataclass(frozen=True, slots=True)
class Median:
    """A median with the bounds of its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def median_of(values: list[float]) -> Median:
    """The median, and the narrowest pair of order statistics that holds the true one with at least 95 %.

    The number of values below the true median is binomial (n, 1/2), whatever the distribution. Below six values no such pair
    exists: then the bounds are the extremes.
    """
    ordered = sorted(values)
    count = len(ordered)
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    out = 0
    while out + 1 <= (count - 1) // 2 and 2 * sum(comb(count, k) for k in range(out + 1)) / 2**count <= 0.05:
        out += 1
    place = max(0, out - 1)
    return Median(middle, ordered[place], ordered[count - 1 - place])
