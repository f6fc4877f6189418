"""What a message from one process to another costs, besides its bytes: through the lanes and waits of processes of a group.

A process measures with a second one: `python -m singalang_runtime.calibrate.messages PARENT CORE BLOCK PING PONG` is that one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

import numpy as np

from singalang_runtime.calibrate.clocks import seconds_of
from singalang_runtime.plane.bell import Bell, Waiter, new_bell
from singalang_runtime.plane.block import ALIGNMENT, Block
from singalang_runtime.plane.ring import WORD_BYTES, Part, ReceivingEnd, Ring, SendingEnd
from singalang_runtime.processes.child import die_with
from singalang_runtime.processes.cores import bind
from singalang_runtime.processes.flat import FOREVER, MOVING, Call, Flat, no_seconds

_STEPS = 300
_BLOCKS = 8
PART = Part((16,), "float32")
"""What the messages are."""
THERE, BACK = Ring((PART,), 1, 2 * ALIGNMENT), Ring((PART,), 1, 8 * ALIGNMENT)
SIZE = 16 * ALIGNMENT


def message_costs(cores: tuple[int, int]) -> dict[str, float]:
    """Seconds for which a message is under way between processes on two cores: `link_latency_s` while the receiver looks for it all
    the time, and `wake_s` while it sleeps."""
    bind(cores[:1])
    act_s = _act_s()
    return {
        "link_latency_s": max(0.0, _between(cores, True) - 2 * act_s),
        "wake_s": max(0.0, _between(cores, False) - 2 * act_s),
    }


def _between(cores: tuple[int, int], spins: bool) -> float:
    """Seconds from giving a message to having taken it."""
    block = Block.shared("calibrate", SIZE)
    bells = new_bell(), new_bell()
    numbers = [str(number) for number in (os.getpid(), cores[1], int(spins), block.descriptor, *bells)]
    command = [sys.executable, "-m", "singalang_runtime.calibrate.messages", *numbers]
    try:
        with subprocess.Popen(command, pass_fds=(block.descriptor, *bells)) as other:
            try:
                side = _Side(block, bells, 0, spins)
                side.go(1)
                return min(side.go(_STEPS) for _ in range(_BLOCKS)) / 2
            finally:
                other.kill()
    finally:
        for bell in bells:
            os.close(bell)


class _Side:
    """One of the two: the first gives and then takes, the second takes and then gives."""

    def __init__(self, block: Block, bells: tuple[int, int], number: int, spins: bool) -> None:
        other = Bell(bells[1 - number], block.words, (1 - number) * ALIGNMENT // WORD_BYTES)
        self._waiter = Waiter(bells[number], block.words, number * ALIGNMENT // WORD_BYTES, spins)
        self._flat = Flat()
        rings = (THERE, BACK) if number == 0 else (BACK, THERE)
        give, take = giving(SendingEnd(block, rings[0], other)), _taking(ReceivingEnd(block, rings[1], other))
        self._program = (give, take) if number == 0 else (take, give)

    def go(self, steps: int) -> float:
        """Goes so many times through its program; seconds of one."""
        begun = perf_counter()
        self._flat.begin(self._program, 0, steps, seconds=no_seconds())
        while not self._flat.ended:
            if not self._flat.advance(float("inf")):
                self._waiter.wait(self._is_ready)
        return (perf_counter() - begun) / steps

    def _is_ready(self) -> bool:
        return self._flat.ready


def giving(lane: SendingEnd) -> Call:
    """The instruction to give a message away."""
    payload = (np.ones(PART.shape, PART.dtype),)
    return Call(lane.room, lambda step: lane.post(payload), MOVING)


def _taking(lane: ReceivingEnd) -> Call:
    target = np.empty(PART.shape, PART.dtype)

    def take(step: int) -> None:
        for part in lane.take():
            np.copyto(target, part)
        lane.release()

    return Call(lane.arrived, take, MOVING)


def _act_s() -> float:
    """Seconds of giving or taking alone: a process that is both."""
    with _alone() as (block, bell):
        own = Bell(bell, block.words, 0)
        program = (giving(SendingEnd(block, THERE, own)), _taking(ReceivingEnd(block, THERE, own)))
        flat = Flat()

        def run() -> None:
            flat.begin(program, 0, _STEPS, seconds=no_seconds())
            flat.advance(float("inf"))

        return seconds_of(run, 0.3) / _STEPS / len(program)


@contextmanager
def _alone() -> Iterator[tuple[Block, int]]:
    bell = new_bell()
    try:
        yield Block.ordinary(SIZE), bell
    finally:
        with suppress(OSError):
            os.close(bell)


def answer(parent: int, core: int, spins: int, block: int, ping: int, pong: int) -> None:
    """The other process: answers until it is ended."""
    die_with(parent)
    bind((core,))
    _Side(Block.attached(block), (ping, pong), 1, bool(spins)).go(FOREVER)


if __name__ == "__main__":
    answer(*(int(number) for number in sys.argv[1:7]))
