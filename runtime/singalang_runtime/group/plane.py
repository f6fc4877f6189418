"""How payloads of messages get from one role to another, and how many bytes did. Knows no array's meaning and no state machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np

from singalang_runtime.protocol.steps import Message

Array: TypeAlias = np.ndarray[Any, Any]

LINKS = {"block": "connections", "gradient": "gradients", "values": "values", "square": "norms"}
"""What a message stands for, as the plan's `LinkRecord` calls it."""


class Plane(Protocol):
    """Brings what messages stand for. Nobody writes to an array that was posted."""

    def post(self, message: Message, payload: Array) -> None:
        """Brings a payload on its way; the receiver may take it as soon as it hears of the message."""

    def take(self, message: Message) -> Array:
        """The payload of a message that has arrived. Taken once."""


class LocalPlane:
    """All roles are in one process, and a payload is passed as it is.

    `links`: bytes moved between different processes of the plan, by phase and kind. `connections`: bytes moved between different
    workers, by phase and connection. `waiting` are payloads that nobody has taken.
    """

    def __init__(self, processes: Mapping[str, str]) -> None:
        self.links: Counter[tuple[str, str]] = Counter()
        self.connections: Counter[tuple[str, str]] = Counter()
        self.waiting: dict[Message, Array] = {}
        self._processes = processes

    def post(self, message: Message, payload: Array) -> None:
        """Keeps the payload for its receiver, and counts it."""
        assert message not in self.waiting, f"{message} is posted twice"
        self.waiting[message] = payload
        if self._processes[message.sender] != self._processes[message.receiver]:
            self.links[message.phase, LINKS[message.what]] += payload.nbytes
        if message.what == "block":
            self.connections[message.phase, message.name] += payload.nbytes

    def take(self, message: Message) -> Array:
        """The payload, which is then forgotten."""
        return self.waiting.pop(message)
