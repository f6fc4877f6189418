"""Watches the processes of a group as a state machine: which is dead, stopped or stuck. No clock, process or signal of its own.

Dead: the process is gone. Stopped: it gave no sign of life for `STOPPED_BEATS` periods. Stuck: it lives, but what it does takes
longer than its bound. A gap in the watcher's own clock (the machine slept, or the coordinator was stopped) says nothing of others:
all deadlines begin anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

STOPPED_BEATS = 3
COMPILE_BOUND_S = 600.0
STEP_BOUND_S = 30.0
STEP_MEDIANS = 20

_LONG = frozenset({"starting", "compiling", "opening", "initialising", "saving"})
_STEPPING = frozenset({"training", "evaluating"})


@dataclass(frozen=True, slots=True)
class Seen:
    """To the watcher: what a process last said of itself (`processes.status.Status`), read at `Looked.now_s`. As long as
    it has not begun to tell, `beat_s` is when it was last seen to run, or 0: it starts, and its bound is that of starting."""

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
    """The group is lost because of this process: `dead` (with the code it ended with), `stopped` or `stuck`; what it last said it
    was doing, and in which step. `seconds`: for how long, when it was found: of a stopped one without a sign of life, else in what
    it was doing (as of the last look)."""

    process: str
    cause: Literal["dead", "stopped", "stuck"]
    doing: str
    step: int
    seconds: float
    code: int | None = None


class Watch:
    """Watches the processes of one group, from their start to the first loss; after that it says nothing more.

    It should be told the time at least every quarter of a period, and of a process that is gone at once. A process is found dead
    when it is told so, stopped within `STOPPED_BEATS + 1` periods of its last sign of life, and stuck within two periods of
    its bound. What waits is innocent: others may be the reason. Only where all processes wait for one another, and longer than any
    bound, is the one lost that waits longest.
    """

    def __init__(self, heartbeat_s: float, processes: tuple[str, ...]) -> None:
        """Watches `processes`; `heartbeat_s` is the time between two signs of life."""
        self.heartbeat_s = heartbeat_s
        self._order = {name: place for place, name in enumerate(processes)}
        self._seen: dict[str, Seen] = {}
        self._first_s: dict[str, float] = {}
        self._beat_s: dict[str, float] = {}
        self._looked_s: float | None = None
        self._anew_s = 0.0
        self._lost = False

    def handle(self, event: WatchEvent) -> list[Lost]:
        """What an event tells of the group: the process that it lost, or nothing."""
        if self._lost:
            return []
        found = [self._dead(event)] if isinstance(event, Gone) else self._look(event)
        self._lost = bool(found)
        return found

    def _dead(self, event: Gone) -> Lost:
        seen = self._seen.get(event.process)
        if seen is None:
            return Lost(event.process, "dead", "starting", 0, 0.0, event.code)
        return Lost(event.process, "dead", seen.doing, seen.step, self._now_s - self._since_s(seen), event.code)

    def _look(self, event: Looked) -> list[Lost]:
        self._tell_time(event.now_s)
        for seen in event.seen:
            self._first_s.setdefault(seen.process, event.now_s)
            self._seen[seen.process] = seen
            self._beat_s[seen.process] = max(seen.beat_s, self._beat_s.get(seen.process, 0.0))
        found = [*self._stopped(event.seen)] or [*self._stuck(event.seen)] or [*self._all_waiting(event.seen)]
        return sorted(found, key=lambda lost: (-lost.seconds, self._order[lost.process]))[:1]

    def _tell_time(self, now_s: float) -> None:
        if self._looked_s is not None and now_s - self._looked_s > self.heartbeat_s:
            self._anew_s = now_s
        self._looked_s = now_s

    @property
    def _now_s(self) -> float:
        assert self._looked_s is not None, "the time was told with what was seen"
        return self._looked_s

    def _since_s(self, seen: Seen) -> float:
        """Since when a process does what it does, as far as the watcher can tell."""
        return max(seen.since_s, self._first_s[seen.process])

    def _alive_s(self, seen: Seen) -> float:
        """For how long a process is known to do what it does: a silent one may have been stopped."""
        return seen.beat_s - max(self._since_s(seen), self._anew_s)

    def _stopped(self, all_seen: tuple[Seen, ...]) -> Iterator[Lost]:
        for seen in all_seen:
            last_s = max(self._beat_s[seen.process], self._first_s[seen.process])
            silent_s = self._now_s - max(last_s, self._anew_s)
            if silent_s > STOPPED_BEATS * self.heartbeat_s:
                yield Lost(seen.process, "stopped", seen.doing, seen.step, self._now_s - last_s)

    def _stuck(self, all_seen: tuple[Seen, ...]) -> Iterator[Lost]:
        for seen in all_seen:
            bound_s = _bound_s(seen)
            if bound_s is not None and self._alive_s(seen) > bound_s:
                yield Lost(seen.process, "stuck", seen.doing, seen.step, self._now_s - self._since_s(seen))

    def _all_waiting(self, all_seen: tuple[Seen, ...]) -> Iterator[Lost]:
        if len(all_seen) < len(self._order) or any(seen.doing != "waiting" for seen in all_seen):
            return
        if all(self._alive_s(seen) > COMPILE_BOUND_S for seen in all_seen):
            yield from (Lost(one.process, "stuck", one.doing, one.step, self._now_s - self._since_s(one)) for one in all_seen)


def _bound_s(seen: Seen) -> float | None:
    """How long a process may do what it does; None for what it does because of others."""
    if seen.doing in _LONG:
        return COMPILE_BOUND_S
    if seen.doing in _STEPPING:
        return max(STEP_BOUND_S, STEP_MEDIANS * seen.median_step_s)
    return None
