"""What members of a group see of the data plane: lanes, on which payloads go from one role to another. Knows no array's meaning and
no state machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from singalang_runtime.protocol.steps import Message

Array: TypeAlias = np.ndarray[Any, Any]
Parts: TypeAlias = Sequence[Array]
"""A payload: arrays in a fixed order, whose shapes sender and receiver both know. That of `values` is empty: a server writes its
new values where workers read them."""

LINKS = {"block": "connections", "gradient": "gradients", "values": "values", "square": "norms"}
"""What a message stands for, as the plan's `LinkRecord` calls it."""


class Lane(Protocol):
    """The way of all messages that are equal but for their step, from one sender to one receiver, in order.

    Sender: when there is `room`, `post`. Receiver: when one has `arrived`, `take`, use what was taken, and `release` it; then the
    sender has room again. Nobody writes to what was taken, and the sender does not write to what it posted before it was released.
    """

    def room(self) -> bool:
        """Sender: whether a payload may be posted."""

    def post(self, parts: Parts) -> None:
        """Sender: brings a payload on its way. There is room."""

    def arrived(self) -> bool:
        """Receiver: whether a payload is there to be taken."""

    def take(self) -> Parts:
        """Receiver: the payload that has been there longest; views that are good until `release`."""

    def release(self) -> None:
        """Receiver: what was taken is not read again."""


class Plane(Protocol):
    """The lanes of one process, to and from its roles."""

    def lane(self, message: Message) -> Lane:
        """The lane of a message; its step does not matter."""
