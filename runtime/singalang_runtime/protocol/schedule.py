"""When steps are handed to the device and when acts are due: pure functions of the step number, so that a resumed run does
exactly what the uninterrupted one did. Knows no data and no kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Action: TypeAlias = Literal["val", "test", "checkpoint", "log"]
ORDER: tuple[Action, ...] = ("val", "test", "checkpoint", "log")
"""The order of acts that are due after the same step."""
LAST_ORDER: tuple[Action, ...] = ("log", "val", "test", "checkpoint")
"""Their order at the end of a section: the last line of the metrics is then the last test."""
GATHER_STEPS = 1024
"""At least so often are metrics taken off the device: sums of 32 bits lose digits in longer ones."""


@dataclass(frozen=True, slots=True)
class Due:
    """An act to do now; `batches` None takes the whole source."""

    action: Action
    batches: int | None = None


@dataclass(frozen=True, slots=True)
class Periodic:
    """An act that is due after step `after`, `after + period`, ..."""

    action: Action
    period: int
    after: int
    batches: int | None = None

    def is_due(self, step: int) -> bool:
        """Whether it is due when `step` steps have been done."""
        return step >= self.after and (step - self.after) % self.period == 0

    def next_after(self, step: int) -> int:
        """The first number of steps above `step` at which it is due."""
        if step < self.after:
            return self.after
        return step + self.period - (step - self.after) % self.period


@dataclass(frozen=True, slots=True)
class Schedule:
    """One train section in time: `steps` steps, handed over one by one or `chunk` at a time, with acts between them."""

    section: str
    steps: int
    acts: tuple[Periodic, ...] = ()
    end: tuple[Due, ...] = ()
    chunk: int = 1

    def due(self, step: int) -> tuple[Due, ...]:
        """The acts due when `step` steps have been done, in order. At the end an act is done once, as `end` says it."""
        found: dict[Action, Due] = {}
        if step > 0:
            found = {act.action: Due(act.action, act.batches) for act in self.acts if act.is_due(step)}
        if step == self.steps:
            found |= {act.action: act for act in self.end}
        order = LAST_ORDER if step == self.steps else ORDER
        return tuple(found[action] for action in order if action in found)

    def next_act(self, step: int) -> int:
        """The first number of steps above `step` at which an act is due or the section ends."""
        return min([act.next_after(step) for act in self.acts] + [self.steps])

    def next_stop(self, step: int) -> int:
        """Where the machine looks again: at the next act, or where metrics are taken off the device."""
        stretch = self.chunk * max(1, GATHER_STEPS // self.chunk)
        return min(self.next_act(step), (step // stretch + 1) * stretch)

    def dispatch(self, step: int) -> int:
        """How many steps are handed over at `step`: a whole chunk where one begins and no act is due inside it, else one."""
        if self.chunk > 1 and step % self.chunk == 0 and step + self.chunk <= self.next_act(step):
            return self.chunk
        return 1

    def dispatches(self, first: int, stop: int) -> Iterator[tuple[int, int]]:
        """The dispatches (first step, number of steps) from `first` to `stop`, which must be where dispatches begin."""
        step = first
        while step < stop:
            count = self.dispatch(step)
            yield step, count
            step += count
        assert step == stop, f"a dispatch crosses step {stop}"

    def boundary(self, step: int) -> int:
        """The first place at or after `step` where a dispatch begins or the section ends."""
        if step >= self.steps:
            return self.steps
        start = step - step % self.chunk
        return start + self.chunk if start < step < start + self.dispatch(start) else step
