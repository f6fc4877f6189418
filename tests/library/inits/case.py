"""What a file in `cases/` says of an initialiser kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from singalang_compiler.library.contract import Initialiser


@dataclass(frozen=True)
class Case:
    """An initialiser; `formula(draws, fan_in, fan_out)` makes its values from draws of N(0, 1) or [0, 1).

    `mean` and `std` are those of its distribution, `low` and `high` its bounds, for FAN_IN and FAN_OUT.
    """

    init: Initialiser
    draws: Literal["normal", "uniform", "none"]
    formula: Callable[[Any, int, int], Any]
    mean: float
    std: float
    low: float = -float("inf")
    high: float = float("inf")


FAN_IN, FAN_OUT = 300, 200


def interval(low: float, high: float) -> dict[str, float]:
    """Moments and bounds of draws from an interval."""
    return {"mean": (low + high) / 2, "std": (high - low) / 12**0.5, "low": low, "high": high}
