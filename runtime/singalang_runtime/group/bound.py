"""Instructions of a role's program, everything that they need looked up once. Knows no array and no message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

Ready: TypeAlias = Callable[[], bool]
Do: TypeAlias = Callable[[int], None]


class Bound(NamedTuple):
    """An instruction. `ready`: whether `do` would not have to wait for another role (None: it never waits). `do` does all of it,
    given the number of the step, or in an evaluation of the batch of its phase, from 0."""

    ready: Ready | None
    do: Do


def nothing(step: int) -> None:
    """Does nothing."""


def when_all(ready: Sequence[Ready]) -> Ready | None:
    """Whether all are ready."""
    if len(ready) < 2:
        return ready[0] if ready else None

    def all_ready() -> bool:
        return all([one() for one in ready])

    return all_ready


def after(do: Do, then: Callable[[], None]) -> Do:
    """One after the other."""

    def both(step: int) -> None:
        do(step)
        then()

    return both


class Walk:
    """A program for which a state machine gives instructions one by one: so many for each of its acts, of which the first does
    all that there is to do."""

    def __init__(self, acts: Iterator[tuple[int, Bound]]) -> None:
        self._acts = tuple((count, bound.do) for count, bound in acts if count)
        self._at = 0
        self._done = 0  # instructions of the act at hand that were given

    def follow(self, step: int) -> None:
        """Does what the next instruction says."""
        count, do = self._acts[self._at]
        if not self._done:
            do(step)
        self._done += 1
        if self._done == count:
            self._at, self._done = (self._at + 1) % len(self._acts), 0
