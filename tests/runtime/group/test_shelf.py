"""Arrays by name, and kernels that run while others go on."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from singalang_runtime.group.bound import Bound, Walk, after, when_all
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.memory import aligned, kept
from singalang_runtime.group.shelf import Prepared, Shelf

F32 = np.dtype("float32")


def slow(x: Any, start: Any) -> Any:
    """Reads `x` at the end of a long chain of products."""
    end = jax.lax.fori_loop(0, 30, lambda _, y: jnp.tanh(y @ y), start)
    return (x + 0 * end[0, 0],)


def test_when_a_shelf_has_settled_what_kernels_read_may_be_written_to() -> None:
    shelf, memory = Shelf("worker-0", None, {}), kept(aligned((1000,), F32))
    memory.array[...] = 3
    start = jnp.full((500, 500), 0.01)
    shelf.put(("x", 0), memory.given())
    shelf.put(("start", 0), start)
    call = jax.jit(slow).lower(memory.given(), start).compile()
    run = shelf.running(Prepared(call, (("x", 0), ("start", 0)), (("y", 0),), (), 0, 0))
    for value in (3.0, 4.0, 5.0):
        memory.array[...] = value
        run(0)
        shelf.settle()
        memory.array[...] = -1
        assert np.all(shelf.read(("y", 0)) == value)


def test_kernels_that_finish_within_their_call_do_so_when_jax_copies_an_argument_meanwhile() -> None:
    program = """
import jax, numpy as np
from singalang_runtime.group.memory import aligned, kept
from singalang_runtime.group.shelf import Prepared, Shelf
from singalang_runtime.kernels import configure
from tests.runtime.group.test_shelf import F32, slow

configure(cache=None, double=False, synchronous=True)
shelf, memory = Shelf("worker-0", None, {}), kept(aligned((1000,), F32))
start = np.full((500, 500), 0.01, F32)
shelf.put(("x", 0), memory.given())
shelf.put(("start", 0), start)
call = jax.jit(slow).lower(memory.given(), start).compile()
run = shelf.running(Prepared(call, (("x", 0), ("start", 0)), (("y", 0),), (), 0, 0))
for value in (3.0, 4.0, 5.0):
    memory.array[...] = value
    run(0)
    memory.array[...] = -1
    assert np.all(shelf.read(("y", 0)) == value)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("ledger", [None, Ledger()])
def test_a_kernels_results_stand_in_the_places_of_what_it_overwrote(ledger: Ledger | None) -> None:
    shelf = Shelf("worker-0", ledger, {"x": 2})
    for slot in range(3):
        shelf.put(shelf.key("x", slot), np.full(4, slot, F32))
    shelf.put(("gone", 0), np.zeros(8, F32))
    prepared = Prepared(
        call=lambda *arrays: (jnp.asarray(arrays[0] + arrays[2]),),
        inputs=(("x", 0), ("gone", 0), ("step", 0)),
        outputs=(("x", 0),),
        gone=(("gone", 0),),
        extra_bytes=100,
        least=0,
    )
    run = shelf.running(prepared)
    run(7)
    assert np.all(shelf.read(("x", 0)) == 9) and np.all(shelf.read(("x", 1)) == 1) and ("gone", 0) not in shelf
    shelf.settle()
    shelf.freeing((("x", 1), ("never", 0)))()
    assert ("x", 1) not in shelf
    if ledger is not None:
        assert ledger.held_bytes == 16 and ledger.peaks["train"] == 16 + 16 + 32 + 100


def test_a_program_followed_by_instructions_does_each_act_once() -> None:
    done: list[tuple[str, int]] = []

    def bound(name: str) -> Bound:
        return Bound(None, after(lambda step: done.append((name, step)), lambda: None))

    walk = Walk(iter([(1, bound("a")), (0, bound("never")), (3, bound("b"))]))
    for step in (4, 5):
        for _ in range(4):
            walk.follow(step)
    assert done == [("a", 4), ("b", 4), ("a", 5), ("b", 5)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_are_ready_when_all_are(count: int) -> None:
    states = [True] * count
    ready = when_all([lambda place=place: states[place] for place in range(count)])  # type: ignore[misc]
    assert ready is not None and ready()
    for place in range(count):
        states[place] = False
        assert not ready()
        states[place] = True
    assert when_all([]) is None
