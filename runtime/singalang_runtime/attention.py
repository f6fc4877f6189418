"""Signals from outside, and the moments at which a loop looks up. Knows no job."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from threading import current_thread, main_thread
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Attention:
    """What a loop watches: `asked` once somebody wants the job to leave, `at` (of `perf_counter`) when to call `look`."""

    def __init__(self) -> None:
        self.asked = False
        self.at = inf
        self.signal: int | None = None  # the one that asked
        self.on_look: Callable[[], None] = lambda: None

    def is_asked(self) -> bool:
        """Whether somebody wants the job to leave."""
        return self.asked

    def look(self) -> None:
        """Does what is due."""
        self.on_look()

    @contextmanager
    def to_signals(self) -> Iterator[None]:
        """Within it, Ctrl-C and SIGTERM ask once; the second time they raise KeyboardInterrupt, the third time they kill.

        Only the main thread may listen to signals; in any other nothing changes.
        """
        if current_thread() is not main_thread():
            yield
            return
        before = {number: signal.signal(number, self._heard) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self.signal is None:
            self.signal, self.asked = number, True
            return
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        raise KeyboardInterrupt
