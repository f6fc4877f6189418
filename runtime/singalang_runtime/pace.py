"""How fast training goes. Knows no clock: times come in."""

from __future__ import annotations

from collections import deque

RECENT_S = 5.0
"""Seconds of training over which the speed is taken."""


class Pace:
    """Speed from marks: (seconds spent in training steps, steps done)."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._marks: deque[tuple[float, int]] = deque()

    def mark(self, seconds: float, step: int) -> None:
        """Notes how far the training is."""
        if not self._marks or self._marks[-1][1] != step:
            self._marks.append((seconds, step))
        while len(self._marks) > 2 and self._marks[1][0] < seconds - RECENT_S:
            self._marks.popleft()

    @property
    def records_s(self) -> float | None:
        """Records in a second, lately; None while nothing is known."""
        if len(self._marks) < 2:
            return None
        (begun, first), (ended, last) = self._marks[0], self._marks[-1]
        return self._batch * (last - first) / (ended - begun) if ended > begun else None

    def left_s(self, steps: int) -> float | None:
        """Seconds that so many more steps take."""
        speed = self.records_s
        return steps * self._batch / speed if speed else None
