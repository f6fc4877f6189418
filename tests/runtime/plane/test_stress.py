"""Several real processes on one block, delays at every step: nothing torn, nothing stale, nobody forgotten, nothing left over.

So that this can be believed, mistakes made on purpose are found out by the same processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import msgspec
import pytest

from singalang_runtime.plane.bell import new_bell
from singalang_runtime.plane.block import Block
from tests.runtime.plane.stress_child import ENDED, FAULTY, LOST, Role, size_bytes

ROOT = Path(__file__).parents[3]
BOUND_S = 60.0


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before


def run(count: int, steps: int, seed: int, *, spins: bool = False, mistake: str = "", patience_s: float = 30.0) -> list[int]:
    """Lets so many processes give one another something in every step; how each ended, and what they said goes to our own log."""
    block, bells = Block.shared("lanes", size_bytes(count)), tuple(new_bell() for _ in range(count))
    shared = (block.descriptor, *bells)
    roles = [Role(place, count, steps, seed, block.descriptor, bells, spins, mistake, patience_s) for place in range(count)]
    children: list[subprocess.Popen[bytes]] = []
    try:
        for role in roles:
            command = [sys.executable, "-m", "tests.runtime.plane.stress_child", msgspec.json.encode(role).decode()]
            children.append(subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=shared, cwd=ROOT))
        return ends_of(children)
    finally:
        for child in children:
            child.kill()
            child.wait()
            assert child.stdin is not None
            child.stdin.close()
        for bell in bells:
            os.close(bell)
        block.close()


def ends_of(children: list[subprocess.Popen[bytes]]) -> list[int]:
    """Exit codes of all; when one has found something, the control pipes of the others are closed."""
    until = monotonic() + BOUND_S
    while None in (codes := [child.poll() for child in children]) and monotonic() < until:
        if any(codes):
            for child in children:
                assert child.stdin is not None
                child.stdin.close()
        sleep(0.005)
    return [child.returncode if child.returncode is not None else -1 for child in children]


@pytest.mark.parametrize(("count", "steps", "spins"), [(2, 150, True), (3, 80, False)])
def test_nothing_is_torn_or_stale_and_nobody_is_forgotten(count: int, steps: int, spins: bool) -> None:
    assert run(count, steps, seed=1, spins=spins) == [0] * count


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_nothing_is_torn_or_stale_and_nobody_is_forgotten_for_long(seed: int) -> None:
    assert run(2 + seed % 3, 600, seed, spins=bool(seed % 2)) == [0] * (2 + seed % 3)


@pytest.mark.parametrize("mistake", ["counts before it copies", "sees room where there is none", "releases what it still reads"])
def test_a_process_that_shows_what_is_not_done_is_found_out(mistake: str) -> None:
    ends = run(2, 2000, seed=1, mistake=mistake)
    assert FAULTY in ends and set(ends) <= {FAULTY, ENDED}


@pytest.mark.parametrize("mistake", ["sleeps without another look", "rings for nobody"])
def test_a_process_that_is_forgotten_is_found_out(mistake: str) -> None:
    ends = run(2, 2000, seed=1, mistake=mistake, patience_s=0.5)
    assert LOST in ends and set(ends) <= {LOST, ENDED}
