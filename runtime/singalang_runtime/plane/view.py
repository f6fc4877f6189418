"""A lane within one process: what is posted is passed on as it is, without a copy. Knows no message."""

from __future__ import annotations

from collections import deque

from singalang_runtime.plane.port import Parts


class ViewLane:
    """Both ends of a lane between two roles of one process. `slots`: payloads that may be on their way or being used at once;
    `posted`: those that ever were posted."""

    def __init__(self, slots: int) -> None:
        self.posted = 0
        self._slots, self._taken = slots, 0
        self._waiting: deque[Parts] = deque()
        self._released = 0

    def room(self) -> bool:
        """Sender: whether a payload may be posted."""
        return self.posted - self._released < self._slots

    def post(self, parts: Parts) -> None:
        """Sender: passes a payload on."""
        assert self.posted - self._released < self._slots, "there is no room"
        self._waiting.append(parts)
        self.posted += 1

    def arrived(self) -> bool:
        """Receiver: whether a payload is there to be taken."""
        return bool(self._waiting)

    def take(self) -> Parts:
        """Receiver: the payload that has been there longest."""
        self._taken += 1
        return self._waiting.popleft()

    def release(self) -> None:
        """Receiver: what was taken is not read again."""
        assert self._released < self._taken, "nothing was taken"
        self._released += 1
