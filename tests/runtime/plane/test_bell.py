"""Who sleeps is woken by what comes, by the control socket, or when time is up; who does not sleep is not rung for."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from singalang_runtime.plane import bell as bells
from singalang_runtime.plane.bell import Bell, Waiter, new_bell
from singalang_runtime.plane.block import Block

PLACE = 8


@pytest.fixture
def block() -> Iterator[Block]:
    one = Block.ordinary(4096)
    yield one
    one.close()


@pytest.fixture
def descriptor() -> Iterator[int]:
    one = new_bell()
    yield one
    os.close(one)


def rung(descriptor: int) -> int:
    """How often a bell was rung since it was last asked."""
    try:
        return os.eventfd_read(descriptor)
    except BlockingIOError:
        return 0


def never() -> bool:
    return False


@pytest.mark.parametrize("spins", [False, True])
def test_what_is_there_needs_no_sleep(block: Block, descriptor: int, spins: bool) -> None:
    assert Waiter(descriptor, block.words, PLACE, spins).wait(lambda: True) == "ready"
    assert block.words[PLACE] == 0


@pytest.mark.parametrize("spins", [False, True])
def test_the_control_socket_and_its_end_wake_a_sleeper(block: Block, descriptor: int, spins: bool) -> None:
    waiter = Waiter(descriptor, block.words, PLACE, spins)
    near, far = socket.socketpair()
    with near, far:
        assert waiter.wait(never, near.fileno(), 0.0) == "late"
        far.send(b"x")
        assert waiter.wait(never, near.fileno()) == "control"
        assert waiter.wait(lambda: True, near.fileno()) == "ready"
        assert near.recv(1) == b"x"
        far.close()
        assert waiter.wait(never, near.fileno()) == "control"
    assert block.words[PLACE] == 0


@pytest.mark.parametrize("timeout_s", [0.0, 0.01])
def test_time_runs_out(block: Block, descriptor: int, timeout_s: float) -> None:
    assert Waiter(descriptor, block.words, PLACE, False).wait(never, -1, timeout_s) == "late"


def after_sleeping(block: Block, act: Callable[[], object]) -> threading.Thread:
    """Acts as soon as the waiter has said that it sleeps."""

    def run() -> None:
        while not block.words[PLACE]:
            pass
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_ring_wakes_a_sleeper(block: Block, descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "FIRST_LOOK_S", 1e6)
    waiter, bell = Waiter(descriptor, block.words, PLACE, False), Bell(descriptor, block.words, PLACE)

    def bring() -> None:
        block.words[0] = 1
        bell.ring()

    thread = after_sleeping(block, bring)
    assert waiter.wait(lambda: block.words[0] == 1) == "ready"
    thread.join()


def test_a_sleeper_looks_by_itself_now_and_then(block: Block, descriptor: int) -> None:
    def bring() -> None:
        block.words[0] = 1  # and ends before it rings

    thread = after_sleeping(block, bring)
    assert Waiter(descriptor, block.words, PLACE, False).wait(lambda: block.words[0] == 1) == "ready"
    thread.join()


def test_a_ring_for_something_else_lets_it_sleep_again(block: Block, descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "FIRST_LOOK_S", 1e6)
    monkeypatch.setattr(bells, "LATER_LOOKS_S", 1e6)
    bell = Bell(descriptor, block.words, PLACE)

    def bring() -> None:
        bell.ring()
        while not block.words[PLACE]:
            pass
        block.words[0] = 1
        bell.ring()

    thread = after_sleeping(block, bring)
    assert Waiter(descriptor, block.words, PLACE, False).wait(lambda: block.words[0] == 1) == "ready"
    thread.join()


def test_nobody_rings_for_one_who_is_awake_and_a_sleeper_is_rung_for_once(block: Block, descriptor: int) -> None:
    bell = Bell(descriptor, block.words, PLACE)
    bell.ring()
    assert rung(descriptor) == 0
    block.words[PLACE] = 1
    for _ in range(3):
        bell.ring()
    assert rung(descriptor) == 1
