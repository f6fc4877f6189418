"""The block in which every process says what it does: records of fixed size, each written under a sequence lock by one process
alone. Knows no process and no clock.

A process has two records, so that its threads need no lock between them: one for its signs of life, one for what its main thread
does. Before each stands a number that is odd while somebody writes.
"""

from __future__ import annotations

from dataclasses import replace
from struct import Struct
from typing import Any, Final

from singalang_runtime.plane.block import ALIGNMENT, Block
from singalang_runtime.plane.fence import KEEPS_ORDER, fence
from singalang_runtime.plane.ring import WORD_BYTES
from singalang_runtime.processes.status import DOINGS, Doing, Status

_BEAT: Final = Struct("@dq")  # beat_s, memory_bytes
_WORK: Final = Struct("@qqddddd")  # doing, step, since_s, median_step_s, compute_s, waiting_s, moving_s
_NUMBERS: Final = {doing: number for number, doing in enumerate(DOINGS)}
_RECORD_BYTES: Final = 2 * ALIGNMENT
_PROCESS_BYTES: Final = 2 * _RECORD_BYTES
_TRIES: Final = 1000


def status_bytes(processes: int) -> int:
    """Bytes of the block for so many processes."""
    return processes * _PROCESS_BYTES


class _Record:
    """A record at a place of the block, under its sequence lock."""

    __slots__ = ("_fields", "_first", "_lock", "_memory", "_words")

    def __init__(self, block: Block, offset: int, fields: Struct) -> None:
        assert WORD_BYTES + fields.size <= _RECORD_BYTES
        self._words, self._memory, self._fields = block.words, block.memory, fields
        self._lock, self._first = offset // WORD_BYTES, offset + WORD_BYTES

    def write(self, *values: float) -> None:
        """Writes all fields."""
        words, lock = self._words, self._lock
        number = words[lock] | 1  # odd already where it ended in the middle before
        words[lock] = number
        if not KEEPS_ORDER:
            fence()
        self._fields.pack_into(self._memory, self._first, *values)
        if not KEEPS_ORDER:
            fence()
        words[lock] = number + 1

    def read(self) -> tuple[Any, ...] | None:
        """All fields as they were at one moment; None where they are being written all the time, or the writer stopped doing so."""
        words, lock = self._words, self._lock
        for _ in range(_TRIES):
            number = words[lock]
            if not KEEPS_ORDER:
                fence()
            values = self._fields.unpack_from(self._memory, self._first)
            if not KEEPS_ORDER:
                fence()
            if number % 2 == 0 and words[lock] == number:
                return values
        return None


class StatusWriter:
    """The records of the process at `place` among those of the group; no other process writes them."""

    def __init__(self, block: Block, place: int) -> None:
        self._beat = _Record(block, place * _PROCESS_BYTES, _BEAT)
        self._work = _Record(block, place * _PROCESS_BYTES + _RECORD_BYTES, _WORK)

    def beat(self, now_s: float, memory_bytes: int) -> None:
        """A sign of life, and the memory held. One thread calls it, whichever."""
        self._beat.write(now_s, memory_bytes)

    def say(
        self,
        doing: Doing,
        step: int,
        since_s: float,
        median_step_s: float,
        compute_s: float,
        waiting_s: float,
        moving_s: float,
    ) -> None:
        """What the main thread does, with the fields of `Status`. One thread calls it, whichever. Costs less than a microsecond."""
        self._work.write(_NUMBERS[doing], step, since_s, median_step_s, compute_s, waiting_s, moving_s)


class StatusReader:
    """What so many processes say of themselves."""

    def __init__(self, block: Block, processes: int) -> None:
        self._records = tuple(
            (_Record(block, first, _BEAT), _Record(block, first + _RECORD_BYTES, _WORK))
            for first in range(0, status_bytes(processes), _PROCESS_BYTES)
        )
        self._last = [Status()] * processes

    def read(self, place: int) -> Status:
        """What the process at a place says; of a record in which it was stopped while it wrote, what that held before."""
        beat, work = self._records[place]
        last = self._last[place]
        if (beaten := beat.read()) is not None:
            last = replace(last, beat_s=beaten[0], memory_bytes=beaten[1])
        if (worked := work.read()) is not None:
            doing, step, since_s, median_step_s, compute_s, waiting_s, moving_s = worked
            last = Status(
                last.beat_s, DOINGS[doing], step, since_s, median_step_s, compute_s, waiting_s, moving_s, last.memory_bytes
            )
        self._last[place] = last
        return last
