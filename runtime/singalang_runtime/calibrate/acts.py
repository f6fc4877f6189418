"""What a member of a group needs for its instructions besides kernels and bytes: calls, giving and taking, between two kernels of a
small net, as in a step."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.plan import Argument, KernelRecord
from singalang_runtime.calibrate.clocks import seconds_of
from singalang_runtime.calibrate.messages import BACK, PART, SIZE, THERE, giving
from singalang_runtime.group.memory import aligned, kept
from singalang_runtime.group.shelf import Prepared, Shelf
from singalang_runtime.kernels import Compiled
from singalang_runtime.plane.bell import Bell, new_bell
from singalang_runtime.plane.block import Block
from singalang_runtime.plane.ring import ReceivingEnd, SendingEnd

_Run: TypeAlias = Callable[[], object]
_BUDGET_S = 0.4
ROUTINES = 3
"""Of the kernel that is called."""


def instruction_costs(step: _Run, compiled: Callable[..., Any], arrays: Sequence[Any]) -> dict[str, float]:
    """Seconds of an instruction. `step`: runs the kernel of a small net. `compiled`: a kernel of so many routines that takes
    `arrays` of 16 numbers and gives half as many. `called_s`: of its call, its routines included;
    `act_s`: of giving or taking a message."""
    step_s = seconds_of(step, _BUDGET_S)
    call, (give, take) = _call(compiled, arrays), _acts()

    def with_call() -> None:
        step()
        call()

    def with_acts() -> None:
        step()
        give()
        step()
        take()

    return {
        "called_s": max(0.0, seconds_of(with_call, _BUDGET_S) - step_s),
        "act_s": max(0.0, seconds_of(with_acts, _BUDGET_S) / 2 - step_s),
    }


def _call(compiled: Callable[..., Any], arrays: Sequence[Any]) -> _Run:
    """A call as a member makes it; then its results are forgotten."""
    inputs = tuple(Argument(name=str(number), dtype="float32", shape=PART.shape) for number in range(len(arrays)))
    record = KernelRecord(role="step", inputs=inputs, outputs=inputs[: len(arrays) // 2], flops=0, bytes=0)
    shelf = Shelf("worker-0", None, {})
    for one, array in zip(inputs, arrays, strict=True):
        shelf.put((one.name, 0), array)
    results = tuple((f"result {number}", 0) for number in range(len(arrays) // 2))
    run = shelf.running(Prepared.of(Compiled(record, compiled, 0, 0), tuple((one.name, 0) for one in inputs), results))
    free = shelf.freeing(results)

    def call() -> None:
        run(0)
        free()

    return call


def _acts() -> tuple[_Run, _Run]:
    """Giving a message away and forgetting what was given, and taking one to where kernels read it, each with looking whether it
    may be done."""
    block, descriptor = Block.ordinary(SIZE), new_bell()
    own = Bell(descriptor, block.words, 0)
    given, lane = giving(SendingEnd(block, THERE, own)), ReceivingEnd(block, THERE, own)
    shelf, memory = Shelf("worker-0", None, {}), kept(aligned(PART.shape, np.dtype(PART.dtype)))
    free, put = shelf.freeing((("value", 0),)), shelf.put
    assert given.ready is not None and BACK.slots == 1
    room = given.ready

    def give() -> None:
        if room():
            given.do(0)
            free()

    def take() -> None:
        if lane.arrived():
            for part in lane.take():
                memory.array[...] = part
            lane.release()
            put(("value", 0), memory.given())

    os.close(descriptor)  # nobody sleeps
    return give, take
