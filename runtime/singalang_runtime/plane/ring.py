"""The two ends of a lane in a shared block: slots for payloads in a ring, and two counters that say which of them are full.

`posted` is written by the sender alone, `released` by the receiver alone; both only grow, and what was posted and not released lies
in slots that the sender leaves alone. Knows no message.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np

from singalang_runtime.plane.bell import Bell
from singalang_runtime.plane.block import ALIGNMENT, Array, Block, aligned
from singalang_runtime.plane.fence import KEEPS_ORDER, fence
from singalang_runtime.plane.port import Parts

WORD_BYTES = 8
COUNTERS_BYTES = 2 * ALIGNMENT  # each on a line of the cache of its own


@dataclass(frozen=True, slots=True)
class Part:
    """Shape and NumPy's type of one array of a payload."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size_bytes(self) -> int:
        """Bytes of its elements."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize


Slot: TypeAlias = tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class Ring:
    """Where a lane lies in its block, from `offset` on: two counters, then `slots` times its parts, every one of them aligned."""

    parts: tuple[Part, ...]
    slots: int
    offset: int = 0

    @property
    def slot_bytes(self) -> int:
        """Bytes of one slot."""
        return sum(aligned(part.size_bytes) for part in self.parts)

    @property
    def size_bytes(self) -> int:
        """Bytes of all of it."""
        return COUNTERS_BYTES + self.slots * self.slot_bytes

    def views(self, block: Block) -> tuple[Slot, ...]:
        """The arrays of every slot."""
        return tuple(tuple(self._slot(block, number)) for number in range(self.slots))

    def _slot(self, block: Block, number: int) -> list[Array]:
        offset = self.offset + COUNTERS_BYTES + number * self.slot_bytes
        found: list[Array] = []
        for part in self.parts:
            found.append(block.array(offset, part.shape, np.dtype(part.dtype)))
            offset += aligned(part.size_bytes)
        return found


class _End:
    """What both ends have: places of the counters, slots, and the bell of the process at the other end."""

    def __init__(self, block: Block, ring: Ring, bell: Bell) -> None:
        self._words, self._ring, self._slots = block.words, bell.ring, ring.slots
        self._posted_at = ring.offset // WORD_BYTES
        self._released_at = (ring.offset + ALIGNMENT) // WORD_BYTES
        self._views: tuple[Any, ...] = ring.views(block)

    def room(self) -> bool:
        """Sender only."""
        raise AssertionError("this is the receiving end")

    def post(self, parts: Parts) -> None:
        """Sender only."""
        raise AssertionError("this is the receiving end")

    def arrived(self) -> bool:
        """Receiver only."""
        raise AssertionError("this is the sending end")

    def take(self) -> Parts:
        """Receiver only."""
        raise AssertionError("this is the sending end")

    def release(self) -> None:
        """Receiver only."""
        raise AssertionError("this is the sending end")


class SendingEnd(_End):
    """The sender's end of a lane. `posted` are the payloads that ever were posted."""

    def __init__(self, block: Block, ring: Ring, bell: Bell) -> None:
        """`bell` is the receiver's."""
        super().__init__(block, ring, bell)
        self.posted: int = self._words[self._posted_at]

    def room(self) -> bool:
        """Whether a payload may be posted."""
        return self.posted - self._words[self._released_at] < self._slots

    def post(self, parts: Parts) -> None:
        """Copies a payload into the next slot, and wakes the receiver. There is room. Copies nothing on a lane without payload."""
        views = self._views[self.posted % self._slots]
        if self.posted < self._slots and views:
            _check(views, parts)
        for view, part in zip(views, parts, strict=False):
            view[...] = part
        if not KEEPS_ORDER:
            fence()
        self.posted += 1
        self._words[self._posted_at] = self.posted
        self._ring()


class ReceivingEnd(_End):
    """The receiver's end of a lane."""

    def __init__(self, block: Block, ring: Ring, bell: Bell) -> None:
        """`bell` is the sender's."""
        super().__init__(block, ring, bell)
        self._released: int = self._words[self._released_at]
        self._taken = self._released

    def arrived(self) -> bool:
        """Whether a payload is there to be taken."""
        return self._words[self._posted_at] > self._taken

    def take(self) -> Parts:
        """The payload that has been there longest: the slot's own arrays, made once. One `arrived`."""
        if not KEEPS_ORDER:
            fence()
        parts: Parts = self._views[self._taken % self._slots]
        self._taken += 1
        return parts

    def release(self) -> None:
        """Gives the slot back that was taken longest ago, and wakes the sender."""
        if not KEEPS_ORDER:
            fence()
        self._released += 1
        self._words[self._released_at] = self._released
        self._ring()


def _check(views: Slot, parts: Parts) -> None:
    """A payload that NumPy would stretch or round is our mistake; looked at once for each slot."""
    wanted, given = ([(one.shape, one.dtype) for one in arrays] for arrays in (views, parts))
    assert wanted == given, f"a lane for {wanted} was given {given}"
