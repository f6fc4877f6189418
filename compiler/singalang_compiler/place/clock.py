"""One step of a group on a virtual clock: how long it takes if every instruction takes so long. Knows no net and no byte.

One worker stands for all workers of its stage, which do the same at the same time, and one server for all servers. Each does its
instructions one after another, and who receives waits until it has arrived. So work hides what is under way meanwhile, and the
bubbles of a pipeline show. Where more processes work at a time than the machine has cores, all go slower: who waits needs no core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple, TypeAlias, assert_never

from singalang_compiler.plan_group import (
    ClearStep,
    CollectStep,
    FeedStep,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RunStep,
    SendStep,
    ServerStep,
    WorkerStep,
)

_Message: TypeAlias = tuple[str, int, bool] | str
_Kind: TypeAlias = Literal["compute", "moving"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many seconds things take; what is not named takes none.

    `calls`: a call of a stage's workers. `feeds`: taking the fields of a micro-batch. `sends` and `receives`: giving the blocks of
    a connection away and putting them together, in either direction; `moves`: from when they are given until they have arrived.
    `pushes` and `pulls`: likewise giving away the gradients of a stage's workers, and taking the values over; `push_moves` and
    `pull_moves`: how long they are under way. `collect_s`: a server adds up what has arrived; `norm_s`: servers exchange their
    square sums; `server_calls`: a call of a server; `publish_s`: a server gives its new values away. `act_s`: every instruction,
    besides.

    `processes`: how many workers a stage has, and, last of all, how many servers there are, that work at the same time. `cores`: on
    how many cores all of them work.
    """

    calls: Mapping[tuple[int, str], float]
    feeds: Mapping[int, float] = field(default_factory=dict)
    sends: Mapping[str, float] = field(default_factory=dict)
    receives: Mapping[str, float] = field(default_factory=dict)
    moves: Mapping[str, float] = field(default_factory=dict)
    clears: Mapping[int, float] = field(default_factory=dict)
    pushes: Mapping[int, float] = field(default_factory=dict)
    push_moves: Mapping[int, float] = field(default_factory=dict)
    pulls: Mapping[int, float] = field(default_factory=dict)
    pull_moves: Mapping[int, float] = field(default_factory=dict)
    collect_s: float = 0.0
    norm_s: float = 0.0
    server_calls: Mapping[str, float] = field(default_factory=dict)
    publish_s: float = 0.0
    act_s: float = 0.0
    processes: Sequence[int] = ()
    cores: float = inf


class Spent(NamedTuple):
    """Seconds of one worker of each stage, and last of a server: in calls and sums, and in copying. For the rest it waits."""

    step_s: float
    compute_s: tuple[float, ...]
    moving_s: tuple[float, ...]


def step_s(stages: Sequence[Sequence[WorkerStep]], server: Sequence[ServerStep], pace: Pace) -> float:
    """Seconds from when all begin a step until all have ended it; `stages` are the programs of the workers of each stage."""
    return spent(stages, server, pace).step_s


def spent(stages: Sequence[Sequence[WorkerStep]], server: Sequence[ServerStep], pace: Pace) -> Spent:
    """How a step is spent."""
    clock = _Clock(stages, server, pace)
    while not clock.ended:
        clock.go_on()
    return Spent(
        clock.now,
        tuple(actor.spent["compute"] for actor in clock.actors),
        tuple(actor.spent["moving"] for actor in clock.actors),
    )


@dataclass(slots=True)
class _Actor:
    """A worker or server: the place in its program, and where it is at an instruction, how many seconds of that are left."""

    program: Sequence[WorkerStep | ServerStep]
    count: int
    place: int = 0
    busy: bool = False
    left_s: float = 0.0
    kind: _Kind = "compute"
    spent: dict[_Kind, float] = field(default_factory=lambda: {"compute": 0.0, "moving": 0.0})

    @property
    def ended(self) -> bool:
        return self.place == len(self.program)


class _Clock:
    def __init__(self, stages: Sequence[Sequence[WorkerStep]], server: Sequence[ServerStep], pace: Pace) -> None:
        self._pace = pace
        self._server = len(stages)
        self._pushes_left = sum(isinstance(step, PushStep) for program in stages for step in program)
        counts = [*pace.processes, *[1] * (len(stages) + 1 - len(pace.processes))]
        programs: list[Sequence[WorkerStep | ServerStep]] = [*stages, server if self._pushes_left else ()]
        self.actors = [_Actor(program, count) for program, count in zip(programs, counts, strict=True)]
        self._arrives: dict[_Message, float] = {}
        self.now = 0.0

    @property
    def ended(self) -> bool:
        """Whether all have done their programs."""
        return all(actor.ended for actor in self.actors)

    def go_on(self) -> None:
        """Lets all do what takes no time, then goes on to when something is done or arrives."""
        while any([self._did(number, actor) for number, actor in enumerate(self.actors)]):
            pass
        working = [actor for actor in self.actors if actor.busy]
        rate = min(1.0, self._pace.cores / sum(actor.count for actor in working)) if working else 1.0
        coming = [at - self.now for at in self._arrives.values() if at > self.now]
        after = min([actor.left_s / rate for actor in working] + coming, default=0.0)
        assert after or self.ended, "a worker waits for what nobody sends"
        self.now += after
        for actor in working:
            actor.spent[actor.kind] += after
            actor.left_s = 0.0 if actor.left_s / rate <= after else actor.left_s - after * rate

    def _did(self, number: int, actor: _Actor) -> bool:
        """Begins or ends an instruction of somebody, where that takes no time; whether it did."""
        if actor.ended:
            return False
        step = actor.program[actor.place]
        if actor.busy:
            if actor.left_s:
                return False
            actor.busy, actor.place = False, actor.place + 1
            self._gives(number, step)
            return True
        if not self._may_begin(number, step):
            return False
        actor.kind, taken_s = self._takes(number, step)
        actor.busy, actor.left_s = True, taken_s + self._pace.act_s
        return True

    def _may_begin(self, number: int, step: WorkerStep | ServerStep) -> bool:
        match step:
            case ReceiveStep(connection=name, micro=micro, back=back):
                return self._arrived((name, micro, back))
            case PullStep():
                return self._arrived(f"values {number}")
            case CollectStep():
                return not self._pushes_left and self._arrived("gradients")
            case _:
                return True

    def _arrived(self, message: _Message) -> bool:
        return self._arrives.get(message, inf) <= self.now

    def _takes(self, number: int, step: WorkerStep | ServerStep) -> tuple[_Kind, float]:
        pace = self._pace
        match step:
            case FeedStep():
                return "moving", pace.feeds.get(number, 0.0)
            case RunStep(call=call):
                return "compute", pace.server_calls.get(call, 0.0) if number == self._server else pace.calls.get(
                    (number, call), 0.0
                )
            case ClearStep():
                return "compute", pace.clears.get(number, 0.0)
            case SendStep(connection=name):
                return "moving", pace.sends.get(name, 0.0)
            case ReceiveStep(connection=name):
                return "moving", pace.receives.get(name, 0.0)
            case PushStep():
                return "moving", pace.pushes.get(number, 0.0)
            case PullStep():
                return "moving", pace.pulls.get(number, 0.0)
            case CollectStep():
                return "compute", pace.collect_s
            case NormStep():
                return "moving", pace.norm_s
            case PublishStep():
                return "moving", pace.publish_s
            case _:
                assert_never(step)

    def _gives(self, number: int, step: WorkerStep | ServerStep) -> None:
        """What is on its way once an instruction is done."""
        pace = self._pace
        match step:
            case SendStep(connection=name, micro=micro, back=back):
                self._arrives[name, micro, back] = self.now + pace.moves.get(name, 0.0)
            case PushStep():
                self._pushes_left -= 1
                here = self.now + pace.push_moves.get(number, 0.0)
                self._arrives["gradients"] = max(here, self._arrives.get("gradients", 0.0))
            case PublishStep():
                for stage in range(self._server):
                    self._arrives[f"values {stage}"] = self.now + pace.pull_moves.get(stage, 0.0)
            case _:
                pass
