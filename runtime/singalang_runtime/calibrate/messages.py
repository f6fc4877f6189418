"""What a message from one process to another costs, besides its bytes: where the receiver looks all the time, and where it sleeps.

A process measures with a second one: `python -m singalang_runtime.calibrate.messages PARENT CORE BLOCK PING PONG` is that one.
"""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from time import perf_counter

from singalang_runtime.processes.child import die_with
from singalang_runtime.processes.cores import bind

_TIMES = 2000
_BLOCKS = 5
_SIZE = 4096
_PING, _PONG = 0, 8
"""Places of two words that lie in cache lines of their own."""
_END = 2**63
"""What no message is numbered: from now on the other one sleeps."""


def message_costs(cores: tuple[int, int]) -> dict[str, float]:
    """Seconds from giving a message to having it, between processes on two cores: `link_latency_s` while the receiver looks, and
    `wake_s` while it sleeps."""
    block = os.memfd_create("calibrate")
    ping, pong = os.eventfd(0), os.eventfd(0)
    try:
        os.ftruncate(block, _SIZE)
        numbers = [str(number) for number in (os.getpid(), cores[1], block, ping, pong)]
        command = [sys.executable, "-m", "singalang_runtime.calibrate.messages", *numbers]
        with subprocess.Popen(command, pass_fds=(block, ping, pong)) as other:
            try:
                bind(cores[:1])
                return _measured(block, ping, pong)
            finally:
                other.kill()
    finally:
        for descriptor in (block, ping, pong):
            os.close(descriptor)


def _measured(block: int, ping: int, pong: int) -> dict[str, float]:
    with mmap.mmap(block, _SIZE) as shared, memoryview(shared) as raw, raw.cast("Q") as words:
        _looked(words, 1, 2)  # the other one has begun
        looking = min(_looked(words, 2 + round_ * _TIMES, 2 + (round_ + 1) * _TIMES) for round_ in range(_BLOCKS))
        words[_PING] = _END
        sleeping = min(_slept(ping, pong) for _ in range(_BLOCKS))
    return {"link_latency_s": looking, "wake_s": sleeping}


def _looked(words: memoryview, first: int, end: int) -> float:
    begun = perf_counter()
    for number in range(first, end):
        words[_PING] = number
        while words[_PONG] != number:
            pass
    return (perf_counter() - begun) / (end - first) / 2


def _slept(ping: int, pong: int) -> float:
    begun = perf_counter()
    for _ in range(_TIMES // 4):
        os.eventfd_write(ping, 1)
        os.eventfd_read(pong)
    return (perf_counter() - begun) / (_TIMES // 4) / 2


def answer(parent: int, core: int, block: int, ping: int, pong: int) -> None:
    """The other process: answers at once, first looking and then sleeping, until it is ended."""
    die_with(parent)
    bind((core,))
    with mmap.mmap(block, _SIZE) as shared, memoryview(shared) as raw, raw.cast("Q") as words:
        while (seen := words[_PING]) != _END:
            words[_PONG] = seen
    while True:
        os.eventfd_read(ping)
        os.eventfd_write(pong, 1)


if __name__ == "__main__":
    answer(*(int(number) for number in sys.argv[1:6]))
