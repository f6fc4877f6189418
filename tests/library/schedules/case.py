"""What a file in `cases/` says of a schedule kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from singalang_compiler.library.contract import Schedule


@dataclass(frozen=True)
class Case:
    """A schedule, and its rates for an int64 array of steps in float64."""

    schedule: Schedule
    formula: Callable[[Any], Any]
