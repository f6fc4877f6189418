"""Prices from measurements: those at which what kernels do adds up to the seconds that they took. Knows no kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from singalang_compiler.work import Work

ROUNDS = 2000


class Measured(NamedTuple):
    """A kernel: its work, and the seconds of one call."""

    name: str
    work: Work
    seconds: float


def prices_of(measured: Sequence[Measured]) -> tuple[float, dict[str, float]]:
    """Seconds of a call, and of one of each kind of work: none below 0, and such that the sum of the squares of all relative
    errors is least. Kinds of which there was no work have no price. Source: coordinate descent for least squares that are not
    negative, Franc, Hlavac & Navara, 2005."""
    amounts = np.array([[1.0, *one.work] for one in measured])
    seconds = np.array([one.seconds for one in measured])
    scale = amounts.max(axis=0)
    known = scale > 0
    parts = amounts[:, known] / scale[known] / seconds[:, None]
    squares, target = parts.T @ parts, parts.T @ np.ones(len(seconds))
    found = np.zeros(len(target))
    for _ in range(ROUNDS):
        for place in range(len(found)):
            step = (target[place] - squares[place] @ found) / squares[place, place]
            found[place] = max(0.0, found[place] + step)
    prices = dict(zip(np.array(["call", *Work._fields])[known].tolist(), (found / scale[known]).tolist(), strict=True))
    return prices.pop("call"), prices
