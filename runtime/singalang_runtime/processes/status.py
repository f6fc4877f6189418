"""What every process says of itself in a block of memory that all can read: signs of life, what it is doing, where its time goes.

A record of fixed size for each process, written under a sequence lock by that process alone. Times are those of CLOCK_MONOTONIC,
which all processes of a machine share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Doing: TypeAlias = Literal[
    "starting", "compiling", "opening", "initialising", "training", "waiting", "evaluating", "saving", "standing"
]
"""What the main thread of a process does. Of these `waiting` is for others, and `standing` for the coordinator: neither can be
stuck by itself."""
DOINGS: tuple[Doing, ...] = get_args(Doing)


@dataclass(frozen=True, slots=True)
class Status:
    """What a process says of itself. `beat_s`: when it last gave a sign of life (0: never); `since_s`: since when the main thread
    does what it does, or is in its step; `median_step_s`: median of its last steps (0: not known yet). The sums of seconds are over
    its steps."""

    beat_s: float = 0.0
    doing: Doing = "starting"
    step: int = 0
    since_s: float = 0.0
    median_step_s: float = 0.0
    compute_s: float = 0.0
    waiting_s: float = 0.0
    moving_s: float = 0.0
    memory_bytes: int = 0
