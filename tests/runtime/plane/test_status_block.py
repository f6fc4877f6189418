"""What processes say of themselves is read as it was said, whatever they are doing at that moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singalang_runtime.plane.block import Block
from singalang_runtime.processes.status import DOINGS, Status
from singalang_runtime.processes.status_block import StatusReader, StatusWriter, status_bytes

ROOT = Path(__file__).parents[3]
COUNT = 3
ENOUGH = 200
"""Different things read of processes that always say something new."""
BOUND_S = 30.0
numbers = st.floats(allow_nan=False)


@pytest.fixture
def block() -> Iterator[Block]:
    one = Block.shared("status", status_bytes(COUNT))
    yield one
    one.close()


def test_who_has_said_nothing_yet_is_starting(block: Block) -> None:
    assert [StatusReader(block, COUNT).read(place) for place in range(COUNT)] == [Status()] * COUNT


@given(
    statuses=st.lists(
        st.builds(
            Status, numbers, st.sampled_from(DOINGS), st.integers(0, 2**62), *[numbers] * 5, memory_bytes=st.integers(0, 2**62)
        ),
        min_size=COUNT,
        max_size=COUNT,
    )
)
def test_what_is_said_is_read(statuses: list[Status]) -> None:
    block = Block.ordinary(status_bytes(COUNT))
    for place, one in enumerate(statuses):
        writer = StatusWriter(block, place)
        writer.beat(one.beat_s, one.memory_bytes)
        writer.say(one.doing, one.step, one.since_s, one.median_step_s, one.compute_s, one.waiting_s, one.moving_s)
    reader = StatusReader(block, COUNT)
    assert [reader.read(place) for place in range(COUNT)] == statuses


def test_of_one_who_was_stopped_while_he_spoke_we_know_what_he_said_before(block: Block) -> None:
    writer, reader = StatusWriter(block, 1), StatusReader(block, COUNT)
    writer.say("training", 5, 1.0, 2.0, 3.0, 4.0, 5.0)
    before = reader.read(1)
    assert (before.doing, before.step) == ("training", 5)
    lock = writer._work._lock
    block.words[lock] += 1
    writer.beat(7.0, 8)
    assert reader.read(1) == Status(7.0, "training", 5, 1.0, 2.0, 3.0, 4.0, 5.0, 8)
    writer.say("saving", 6, 1.0, 2.0, 3.0, 4.0, 5.0)
    assert (reader.read(1).doing, reader.read(1).step) == ("saving", 6)


def torn(mistake: str, block: Block) -> tuple[list[Status], int]:
    """What was read that nobody ever said so, of two processes; and how many different things were read until then."""
    children = []
    try:
        for place in range(2):
            command = [sys.executable, "-m", "tests.runtime.plane.status_child", str(block.descriptor), str(place), mistake]
            children.append(subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[block.descriptor], cwd=ROOT))
        return first_torn(StatusReader(block, COUNT), monotonic() + BOUND_S)
    finally:
        for child in children:
            child.communicate(timeout=BOUND_S)
            assert child.returncode == 0


def first_torn(reader: StatusReader, until: float) -> tuple[list[Status], int]:
    """Reads until something is torn, or enough was read."""
    seen: set[Status] = set()
    while len(seen) < ENOUGH and monotonic() < until:
        for place in range(2):
            one = reader.read(place)
            seen.add(one)
            n, beats = one.step, int(one.beat_s)
            if n and one != Status(beats, DOINGS[n % len(DOINGS)], n, n, n + 1, n + 2, n + 3, n + 4, 3 * beats):
                return [one], len(seen)
    return [], min(len(seen), ENOUGH)


def test_nothing_that_is_read_is_half_of_one_thing_and_half_of_another(block: Block) -> None:
    before = len(os.listdir("/proc/self/fd"))
    assert torn("", block) == ([], ENOUGH)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_process_that_writes_without_saying_so_is_found_out(block: Block) -> None:
    assert torn("never says that it writes", block)[0]
