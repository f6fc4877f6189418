"""One role's program as a process walks it: instructions made into calls once, then called one after another, step by step.

It does what `StepWorker` and `StepServer` say, in their order; they remain the specification. Knows no message and no array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from sys import maxsize
from time import perf_counter
from typing import NamedTuple

from singalang_compiler.plan_group import ClearStep, FeedStep, RunStep
from singalang_runtime.protocol.exchanges import Act, Await, Give

COMPUTE, MOVING, FEEDING = 0, 1, 2
"""What the time of an instruction is spent with: kernels, payloads, and all else, which is mostly records."""
FOREVER = maxsize
"""The end of a program that has none: a server's."""


class Call(NamedTuple):
    """One instruction of a program. `ready`: whether it can be done now (None: always); `do` does it, given the step; `kind`: what
    its time is spent with."""

    ready: Callable[[], bool] | None
    do: Callable[[int], object]
    kind: int


def kind_of(act: Act) -> int:
    """What the time of an act is spent with."""
    match act:
        case RunStep():
            return COMPUTE
        case Give() | Await():
            return MOVING
        case FeedStep() | ClearStep():
            return FEEDING


def no_seconds() -> list[float]:
    """Seconds by kind, of nothing."""
    return [0.0, 0.0, 0.0]


class Flat:
    """A role on its way through its program: it stands before instruction `at` of step `step`, and all is done at step `stop`.

    `after_step` is called after each step with the steps that are done, and the time of `perf_counter`.
    """

    def __init__(self, after_step: Callable[[int, float], object] | None = None) -> None:
        self.step = self.stop = self.at = 0
        self._after_step = after_step
        self._seconds = no_seconds()
        self._calls: tuple[Call, ...] = ()
        self._first: tuple[Call, ...] = ()

    def begin(
        self, calls: Iterable[Call], step: int, stop: int = FOREVER, *, seconds: list[float], first: Iterable[Call] = ()
    ) -> None:
        """It is to do the steps from `step` to `stop`, and `first` once before them (given the step at which it begins). What
        instructions take is added to `seconds`, by kind."""
        self._calls, self._first, self._seconds = tuple(calls), tuple(first), seconds
        self.step, self.stop, self.at = step if self._calls else stop, stop, 0

    @property
    def ended(self) -> bool:
        """Whether all that was wanted is done."""
        return self.step >= self.stop and not self._first

    @property
    def within_step(self) -> bool:
        """Whether it has begun a step and not ended it."""
        return self.at > 0

    @property
    def ready(self) -> bool:
        """Whether there is something to do that need not wait."""
        if self._first:
            waits = self._first[0].ready
        elif self.step < self.stop:
            waits = self._calls[self.at].ready
        else:
            return False
        return waits is None or waits()

    def advance(self, until_s: float) -> bool:
        """Goes on until it must wait, all is done, or a step ends after `until_s` of `perf_counter`; whether it did anything."""
        begun = self._introduce() if self._first else False
        if self._first or self.step >= self.stop:
            return begun
        calls, seconds, step, at, now = self._calls, self._seconds, self.step, self.at, perf_counter()
        place = step, at
        while True:
            ready, do, kind = calls[at]
            if ready is not None and not ready():
                break
            do(step)
            then, now = now, perf_counter()
            seconds[kind] += now - then
            at += 1
            if at == len(calls):
                self.step, self.at = step, at = step + 1, 0
                if self._after_step is not None:
                    self._after_step(step, now)
                if step >= self.stop or now >= until_s:
                    return True
        self.at = at
        return begun or place != (step, at)

    def _introduce(self) -> bool:
        """Does what comes once, before the steps, as far as it can be done; whether any of it was."""
        before = len(self._first)
        while self._first and self.ready:
            call, self._first = self._first[0], self._first[1:]
            call.do(self.step)
        return len(self._first) < before
