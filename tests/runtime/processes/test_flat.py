"""A process does, instruction by instruction, what the state machines of its roles say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.plan_group import ClearStep, FeedStep, RunStep
from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.processes.flat import Call, Flat, kind_of, no_seconds
from singalang_runtime.protocol.exchanges import Act, Await, Give, combined, dated, server_acts, worker_acts
from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from singalang_runtime.protocol.step_server import StepServer
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import (
    Arrived,
    ClearGradients,
    EvaluationEnded,
    EvaluationWanted,
    Message,
    Post,
    RunCall,
    ServeFrom,
    StepInstruction,
    StepsEnded,
    StepsWanted,
    TakeFields,
)
from tests.runtime.protocol.small import Small
from tests.runtime.protocol.test_orders import SMALL

Said = dict[str, list[StepInstruction]]
"""Instructions by role, in order."""
BATCHES = 3


def by_machines(view: GroupView, steps: int, phase: str) -> Said:
    """What the machines say, every message delivered at once."""
    said: Said = {}
    machines: dict[str, StepWorker | StepServer] = {worker_name(one): StepWorker(view, one) for one in range(view.group.workers)}
    machines |= {server_name(one): StepServer(view, one) for one in range(len(view.group.servers))}
    start = StepsWanted(0, steps) if phase == "train" else EvaluationWanted(phase, BATCHES)
    waiting = [(name, ServeFrom(0) if name.startswith("server") else start) for name in machines]
    while waiting:
        name, event = waiting.pop(0)
        for one in machines[name].handle(event):
            said.setdefault(name, []).append(one)
            if isinstance(one, Post):
                waiting.append((one.message.receiver, Arrived(one.message)))  # type: ignore[arg-type]
    return said


class Lanes:
    """Counts payloads that lie on each lane of a layout, which has as many slots as it says. What roles do is noted."""

    def __init__(self, layout: LanesLayout) -> None:
        self.layout = layout
        self.lying: Counter[Message] = Counter()
        self.said: Said = {}

    def call(self, role: str, act: Act, phase: str) -> Call:
        """An act, made into a call."""
        ready: Callable[[], bool] | None = None
        keys = [self.layout.key(one) for one in act.messages] if isinstance(act, Give | Await) else []
        slots = {key: self.layout.ways[key].ring.slots for key in keys}
        if isinstance(act, Give):
            ready = lambda: all(self.lying[key] < slots[key] for key in keys)  # noqa: E731
        elif isinstance(act, Await):
            ready = lambda: all(self.lying[key] > 0 for key in keys)  # noqa: E731
        return Call(ready, lambda step: self._do(role, act, keys, phase, step), kind_of(act))

    def _do(self, role: str, act: Act, keys: list[Message], phase: str, step: int) -> None:
        said = self.said.setdefault(role, [])
        match act:
            case Give(messages):
                self.lying.update(keys)
                said += [Post(dated(message, step)) for message in messages]
            case Await():
                self.lying.subtract(keys)
                said.append(combined(act, step))
            case FeedStep(micro=micro):
                said.append(TakeFields(phase, step, micro))
            case RunStep(call=call, micro=micro):
                said.append(RunCall(call, step, micro))
            case ClearStep():
                said.append(ClearGradients())


def by_processes(view: GroupView, steps: int, phase: str, draw: Random) -> Said:
    """What flattened programs do, gone round in an order that is drawn."""
    lanes = Lanes(LanesLayout(view, np.dtype("float32")))
    going: dict[str, Flat] = {}
    for number in range(view.group.workers):
        name, flat = worker_name(number), Flat()
        calls = [lanes.call(name, act, phase) for act in worker_acts(view, number, phase)]
        flat.begin(calls, 0, steps if phase == "train" else BATCHES, seconds=no_seconds())
        going[name] = flat
    for number in range(len(view.group.servers)):
        name, flat = server_name(number), Flat()
        flat.begin([lanes.call(name, act, "train") for act in server_acts(view, number)], 0, seconds=no_seconds())
        going[name] = flat
    while any([flat.advance(0.0) for flat in shuffled(going.values(), draw)]):
        pass
    for name, flat in going.items():
        assert flat.ended or name.startswith("server"), f"{name} stands at {flat.at} of step {flat.step}"
    assert not +lanes.lying, "something was given that nobody took"
    return lanes.said


def shuffled(flats: Iterable[Flat], draw: Random) -> list[Flat]:
    return draw.sample(list(flats), len(list(flats)))


def without_ends(said: Said) -> Said:
    return {name: [one for one in own if not isinstance(one, StepsEnded | EvaluationEnded)] for name, own in said.items()}


def check(small: Small, steps: int, draw: Random) -> None:
    group = small.group()
    roles = [*map(worker_name, range(small.workers)), *map(server_name, range(small.servers))]
    view = GroupView(msgspec.structs.replace(group, processes={role: role for role in roles}))
    for phase in ("train", "val"):
        expected = without_ends(by_machines(view, steps, phase))
        assert expected
        assert by_processes(view, steps, phase, draw) == expected


@pytest.mark.parametrize("small", SMALL, ids=str)
def test_a_process_does_what_the_machines_say(small: Small) -> None:
    for seed in range(3):
        check(small, 3, Random(seed))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.booleans(), st.booleans(), st.randoms())
def test_so_it_does_in_larger_groups(
    stages: int, width: int, micro_batches: int, servers: int, gather: bool, clip: bool, draw: Random
) -> None:
    check(Small(stages * width, stages, micro_batches, servers, gather, clip, tied=draw.random() < 0.3), 2, draw)


def test_what_comes_first_is_done_once_and_may_wait() -> None:
    done: list[str] = []
    open_now = [False]
    flat = Flat()
    first = [
        Call(None, lambda step: done.append(f"a{step}"), 0),
        Call(lambda: open_now[0], lambda step: done.append(f"b{step}"), 0),
    ]
    flat.begin([Call(None, lambda step: done.append(f"c{step}"), 0)], 5, 7, seconds=no_seconds(), first=first)
    assert flat.advance(1e99) and not flat.advance(1e99) and not flat.ready
    assert done == ["a5"] and not flat.ended
    open_now[0] = True
    assert flat.ready and flat.advance(1e99) and flat.ended
    assert done == ["a5", "b5", "c5", "c6"]


def test_it_looks_up_between_steps_when_its_time_is_over() -> None:
    told: list[int] = []
    flat = Flat(lambda step, now_s: told.append(step))
    flat.begin([Call(None, lambda step: None, 0)] * 3, 0, 4, seconds=no_seconds())
    assert flat.advance(0.0) and (flat.step, flat.at, told) == (1, 0, [1])
    flat.stop = 3
    assert flat.advance(1e99) and (flat.step, told) == (3, [1, 2, 3]) and flat.ended and not flat.advance(1e99)
