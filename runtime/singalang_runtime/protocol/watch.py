"""Watches the processes of a group as a state machine: which is dead, stopped or stuck. No clock, process or signal of its own.

Dead: the process is gone. Stopped: it gave no sign of life for `STOPPED_BEATS` periods. Stuck: it lives, but what it does takes
longer than its bound. A gap in the watcher's own clock (the machine slept, or the coordinator was stopped) says nothing of others:
all deadlines begin anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

STOPPED_BEATS = 3
COMPILE_BOUND_S = 600.0
STEP_BOUND_S = 30.0
STEP_MEDIANS = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """To the watcher: what a process last said of itself (`processes.status.Status`), read at `Looked.now_s`."""

    process: str
    beat_s: float
    doing: str
    step: int
    since_s: float
    median_step_s: float


@dataclass(frozen=True, slots=True)
class Gone:
    """To the watcher: a process has ended though nobody told it to. `code` as `subprocess` gives it: -9 for SIGKILL."""

    process: str
    code: int


@dataclass(frozen=True, slots=True)
class Looked:
    """To the watcher: the time, with what all processes that are there said of themselves."""

    now_s: float
    seen: tuple[Seen, ...]


WatchEvent: TypeAlias = Gone | Looked


@dataclass(frozen=True, slots=True)
class Lost:
    """The group is lost because of this process: `dead` (with the code it ended with), `stopped` or `stuck`; what it was doing,
    in which step, and for how long when it was found."""

    process: str
    cause: Literal["dead", "stopped", "stuck"]
    doing: str
    step: int
    seconds: float
    code: int | None = None
