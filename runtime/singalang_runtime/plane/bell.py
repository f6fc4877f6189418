"""How a process sleeps until others have something for it. Knows no lane: who waits says what for.

Before it sleeps, a process says so in a word of shared memory, and then looks once more; who has posted something looks at that
word, and rings only where it is set. With a fence on both sides one of the two sees what the other wrote, so no ring is lost.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from time import perf_counter
from typing import Literal, TypeAlias

from singalang_runtime.plane.fence import fence

Woken: TypeAlias = Literal["ready", "control", "late"]
"""Why a wait ended: what was waited for is there; there is something on the control socket; time is up."""

SPIN_S = 150e-6
FIRST_LOOK_S = 0.005
LATER_LOOKS_S = 0.05
"""A sleeper looks by itself now and then: nobody who was killed between posting and ringing leaves it asleep for ever."""


def new_bell() -> int:
    """A descriptor for one process's bell, that it and all others inherit where it is passed on."""
    return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)


class Bell:
    """The bell of another process: its descriptor, and the place of its word among the words of the block of lanes."""

    __slots__ = ("_descriptor", "_place", "_words")

    def __init__(self, descriptor: int, words: memoryview, place: int) -> None:
        self._descriptor, self._words, self._place = descriptor, words, place

    def ring(self) -> None:
        """Wakes the process, if it sleeps, so that it sees what was written before."""
        fence()
        if self._words[self._place]:
            self._words[self._place] = 0  # one ring is enough, and it follows
            os.eventfd_write(self._descriptor, 1)


class Waiter:
    """Waits for what others bring to this process, whose bell and word these are. `spins`: it has a core of its own, and looks for
    a short time (`SPIN_S`) again and again before it sleeps."""

    def __init__(self, descriptor: int, words: memoryview, place: int, spins: bool) -> None:
        self._descriptor, self._words, self._place = descriptor, words, place
        self._spin_s = SPIN_S if spins else 0.0
        self._polls: dict[int, select.poll] = {}

    def wait(self, ready: Callable[[], bool], also: int = -1, timeout_s: float = float("inf")) -> Woken:
        """Returns as soon as `ready`, or the descriptor `also` (-1: none) has something to read, or after `timeout_s`.

        While it spins it does not look at `also`; what is ready counts more than what is said there.
        """
        begun = perf_counter()
        spun = begun + min(self._spin_s, timeout_s)
        while not ready():
            if perf_counter() >= spun:
                return self._sleep(ready, also, begun + timeout_s)
        return "ready"

    def _sleep(self, ready: Callable[[], bool], also: int, until: float) -> Woken:
        poll = self._polls.get(also) or self._poll(also)
        look_s = FIRST_LOOK_S
        try:
            while True:
                self._words[self._place] = 1  # anew each time: who rings clears it
                fence()
                if ready():
                    return "ready"
                left_s = max(0.0, until - perf_counter())
                heard = [descriptor for descriptor, _ in poll.poll(ceil(1000 * min(look_s, left_s)))]
                if self._descriptor in heard:
                    self._silence()
                if also in heard:
                    return "ready" if ready() else "control"
                if left_s == 0:
                    return "late"
                look_s = LATER_LOOKS_S
        finally:
            self._words[self._place] = 0

    def _poll(self, also: int) -> select.poll:
        poll = self._polls[also] = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if also != -1:
            poll.register(also, select.POLLIN)
        return poll

    def _silence(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._descriptor)
