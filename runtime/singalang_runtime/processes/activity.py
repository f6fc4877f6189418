"""What the main thread of a process is doing and where its time goes, told to whoever shows it to others. Knows no block and no
role."""

from __future__ import annotations

from collections import deque
from statistics import median
from time import perf_counter
from typing import Protocol

from singalang_runtime.processes.flat import COMPUTE, MOVING, no_seconds
from singalang_runtime.processes.status import Doing

_LAST_STEPS = 31
_BETWEEN_S = 0.001
"""Short steps are not told one by one."""


class Tells(Protocol):
    """Where it is told; `StatusWriter` is one."""

    def say(
        self,
        doing: Doing,
        step: int,
        since_s: float,
        median_step_s: float,
        compute_s: float,
        waiting_s: float,
        moving_s: float,
    ) -> None:
        """What the main thread does, with the fields of `Status`."""


class Activity:
    """`doing` since `since_s` (of `perf_counter`, on Linux CLOCK_MONOTONIC), at `step`. `seconds`: of all steps of training,
    by kind of instruction, and `waiting_s` for others within them."""

    def __init__(self, tells: Tells | None = None) -> None:
        self.doing: Doing = "starting"
        self.step = 0
        self.since_s = perf_counter()
        self.seconds, self.waiting_s = no_seconds(), 0.0
        self._tells = tells
        self._steps_s: deque[float] = deque(maxlen=_LAST_STEPS)
        self._step_began_s: float | None = None
        self._told_s = 0.0

    def begin(self, doing: Doing, step: int | None = None) -> None:
        """The main thread does this from now on, having done so many steps; told at once."""
        self.doing, self.since_s = doing, perf_counter()
        if step is not None:
            self.step, self._step_began_s = step, None
        self._tell(self.since_s)

    def stepped(self, step: int, now_s: float) -> None:
        """So many steps of training are done, the last of them at this time."""
        if self._step_began_s is not None:
            self._steps_s.append(now_s - self._step_began_s)
        self.step, self.since_s, self._step_began_s = step, now_s, now_s
        if now_s - self._told_s >= _BETWEEN_S:
            self._tell(now_s)

    def _tell(self, now_s: float) -> None:
        self._told_s = now_s
        if self._tells is not None:
            middle_s = median(self._steps_s) if self._steps_s else 0.0
            compute_s, moving_s = self.seconds[COMPUTE], self.seconds[MOVING]
            self._tells.say(self.doing, self.step, self.since_s, middle_s, compute_s, self.waiting_s, moving_s)
