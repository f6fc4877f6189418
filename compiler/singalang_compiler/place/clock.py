"""One step of a group on a virtual clock: how long it takes if every instruction takes so long. Knows no net and no byte.

One worker stands for all workers of its stage, which do the same at the same time, and one server for all servers. Each does its
instructions one after another; nobody waits for what he sends, and who receives waits until it has arrived. So work hides what is
under way meanwhile, and the bubbles of a pipeline show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many seconds things take; what is not named takes none.

    `calls`: a call of a stage's workers. `moves`: from when the blocks of a connection are given until they have arrived, in either
    direction. `pushes` and `pulls`: likewise for the gradients and the values of a stage's workers. `collect_s`: a server adds up
    what has arrived; `norm_s`: servers exchange their square sums; `server_calls`: a call of a server.
    """

    calls: Mapping[tuple[int, str], float]
    moves: Mapping[str, float] = field(default_factory=dict)
    clears: Mapping[int, float] = field(default_factory=dict)
    pushes: Mapping[int, float] = field(default_factory=dict)
    pulls: Mapping[int, float] = field(default_factory=dict)
    collect_s: float = 0.0
    norm_s: float = 0.0
    server_calls: Mapping[str, float] = field(default_factory=dict)


def step_s(stages: Sequence[Sequence[WorkerStep]], server: Sequence[ServerStep], pace: Pace) -> float:
    """Seconds from when all begin a step until all have ended it; `stages` are the programs of the workers of each stage."""
    clock = _Clock(stages, server, pace)
    while clock.advanced():
        pass
    assert clock.ended, "a worker waits for what nobody sends"
    return max(clock.times)


class _Clock:
    def __init__(self, stages: Sequence[Sequence[WorkerStep]], server: Sequence[ServerStep], pace: Pace) -> None:
        self._programs: list[Sequence[WorkerStep | ServerStep]] = [*stages, server]
        self._pace = pace
        self._server = len(stages)
        self._done = [0] * len(self._programs)
        self.times = [0.0] * len(self._programs)
        self._arrived: dict[_Message, float] = {}
        self._pushes_left = sum(isinstance(step, PushStep) for program in stages for step in program)
        if not self._pushes_left:
            self._programs[self._server] = ()

    @property
    def ended(self) -> bool:
        """Whether all have done their programs."""
        return all(done == len(program) for done, program in zip(self._done, self._programs, strict=True))

    def advanced(self) -> bool:
        """Lets everyone go on as far as possible; whether anyone has."""
        before = list(self._done)
        for actor, program in enumerate(self._programs):
            while self._done[actor] < len(program) and self._did(actor, program[self._done[actor]]):
                self._done[actor] += 1
        return before != self._done

    def _did(self, actor: int, step: WorkerStep | ServerStep) -> bool:
        """Does an instruction, unless it waits for something that has not been sent yet."""
        pace = self._pace
        match step:
            case FeedStep():
                return True
            case RunStep(call=call):
                taken = pace.server_calls.get(call, 0.0) if actor == self._server else pace.calls.get((actor, call), 0.0)
                return self._passed(actor, taken)
            case ClearStep():
                return self._passed(actor, pace.clears.get(actor, 0.0))
            case SendStep(connection=name, micro=micro, back=back):
                self._arrived[name, micro, back] = self.times[actor] + pace.moves.get(name, 0.0)
                return True
            case ReceiveStep(connection=name, micro=micro, back=back):
                return self._waited(actor, (name, micro, back))
            case PushStep():
                self._pushes_left -= 1
                here = self.times[actor] + pace.pushes.get(actor, 0.0)
                self._arrived["gradients"] = max(here, self._arrived.get("gradients", 0.0))
                return True
            case PullStep():
                return self._waited(actor, "values") and self._passed(actor, pace.pulls.get(actor, 0.0))
            case CollectStep():
                return not self._pushes_left and self._waited(actor, "gradients") and self._passed(actor, pace.collect_s)
            case NormStep():
                return self._passed(actor, pace.norm_s)
            case PublishStep():
                self._arrived["values"] = self.times[actor]
                return True
            case _:
                assert_never(step)

    def _passed(self, actor: int, taken_s: float) -> bool:
        self.times[actor] += taken_s
        return True

    def _waited(self, actor: int, message: _Message) -> bool:
        if message not in self._arrived:
            return False
        self.times[actor] = max(self.times[actor], self._arrived[message])
        return True
