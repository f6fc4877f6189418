"""Lanes between the roles of one process: a payload is passed as it is, and counted. Knows no array's meaning."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from functools import cache

import numpy as np

from singalang_runtime.group.sharing import shared
from singalang_runtime.plane.port import LINKS, Lane, Parts
from singalang_runtime.protocol.exchanges import dated
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Message


class LocalLane:
    """A lane that holds any number of payloads. `count` is called with the bytes of each that is posted."""

    def __init__(self, count: Callable[[Parts], None]) -> None:
        self._count = count
        self._payloads: deque[Parts] = deque()

    def room(self) -> bool:
        """Always."""
        return True

    def post(self, parts: Parts) -> None:
        """Keeps the payload for the receiver, and counts it."""
        self._count(parts)
        self._payloads.append(parts)

    def arrived(self) -> bool:
        """Whether a payload is there."""
        return bool(self._payloads)

    def take(self) -> Parts:
        """The payload that has been there longest, as it was posted."""
        return self._payloads[0]

    def release(self) -> None:
        """Forgets it."""
        self._payloads.popleft()


class LocalPlane:
    """The lanes of a group all of whose roles are in one process.

    `links`: bytes moved between different processes of the plan, by phase and kind, as `LinkRecord` counts them. `connections`:
    bytes moved between different workers, by phase and connection.
    """

    def __init__(self, view: GroupView, dtype: np.dtype[np.floating]) -> None:
        self.links: Counter[tuple[str, str]] = Counter()
        self.connections: Counter[tuple[str, str]] = Counter()
        self._view, self._dtype = view, dtype
        self._lanes: dict[Message, LocalLane] = {}
        self._segments = cache(lambda server: view.group.segments_of(view.group.servers[server]))

    @property
    def empty(self) -> bool:
        """Whether everything that was posted has been taken."""
        return not any(lane.arrived() for lane in self._lanes.values())

    def lane(self, message: Message) -> Lane:
        """The lane of all messages that are equal to this one but for their step."""
        kind = dated(message, 0)
        if kind not in self._lanes:
            self._lanes[kind] = LocalLane(self._counting(kind))
        return self._lanes[kind]

    def _counting(self, message: Message) -> Callable[[Parts], None]:
        processes = self._view.group.processes
        link, way = (message.phase, LINKS[message.what]), (message.phase, message.name)
        crosses, connects = processes[message.sender] != processes[message.receiver], message.what == "block"
        values_bytes = self._values_bytes(message) if message.what == "values" else 0

        def count(parts: Parts) -> None:
            size_bytes = values_bytes + sum(part.nbytes for part in parts)
            if crosses:
                self.links[link] += size_bytes
            if connects:
                self.connections[way] += size_bytes

        return count

    def _values_bytes(self, message: Message) -> int:
        """What a server's new values, which are written where the worker reads them, would be as a payload."""
        server, worker = (int(name.rpartition("-")[2]) for name in (message.sender, message.receiver))
        stretches = shared(self._view.role_of(worker), self._view.position_of(worker), self._segments(server))
        return self._dtype.itemsize * sum(stretch.size for stretch in stretches)
