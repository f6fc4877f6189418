"""When each worker computes what in one step of a group: the programs of its roles, played through. Knows no HTML.

Kernels take their predicted times; moving bytes takes no time here, so that what waits for whom is seen plainly.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from singalang_compiler.plan_group import (
    CollectStep,
    GroupRecord,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RoleRecord,
    RunStep,
    SendStep,
    ServerStep,
    WorkerStep,
)


class Played(msgspec.Struct, frozen=True):
    """A call that one lane runs, from `first_s` to `last_s`. Lanes are the group's roles, in order, then its servers."""

    lane: int
    call: str
    micro: int
    first_s: float
    last_s: float


def play(group: GroupRecord, evenly: bool = False) -> tuple[Played, ...]:
    """All calls of a step, lane after lane; `evenly`: each takes one unit of time. A program that waits for what never comes
    ends there."""
    calls = [call for role in group.roles for call in role.calls.values()]
    unit = 1.0 if evenly or not any(call.compute_s for call in calls) else None
    return tuple(sorted(_Stage(group, unit).played(), key=lambda one: (one.lane, one.first_s)))


class _Stage:
    """The lanes on their way through a step: how far each is, and what has been given at which moment."""

    def __init__(self, group: GroupRecord, unit: float | None) -> None:
        self.group, self.unit = group, unit
        self.programs: list[tuple[WorkerStep | ServerStep, ...]] = [*(role.step for role in group.roles), group.server_step]
        self.place = [0] * len(self.programs)
        self.now = [0.0] * len(self.programs)
        self.given: dict[tuple[str, int, bool], dict[int, float]] = {}
        self.senders = _senders(group.roles)

    def played(self) -> Iterator[Played]:
        """Lets each lane run as far as it can, until none can."""
        moved = True
        while moved:
            moved = False
            for lane, program in enumerate(self.programs):
                while self.place[lane] < len(program) and self._ready(lane, program[self.place[lane]]):
                    step = program[self.place[lane]]
                    yield from self._done(lane, step)
                    self.place[lane] += 1
                    moved = True

    def _ready(self, lane: int, step: WorkerStep | ServerStep) -> bool:
        """Whether all that a step waits for has been given; moves the lane's time to the moment when it was."""
        wanted = self._wanted(step)
        if any(len(self.given.get(key, {})) < count for key, count in wanted):
            return False
        self.now[lane] = max([self.now[lane], *(time for key, _ in wanted for time in self.given[key].values())])
        return True

    def _wanted(self, step: WorkerStep | ServerStep) -> list[tuple[tuple[str, int, bool], int]]:
        match step:
            case ReceiveStep():
                key = (step.connection, step.micro, step.back)
                return [(key, self.senders.get(key, 1))]
            case CollectStep():
                pushes = {
                    (lane, one.micro)
                    for lane, role in enumerate(self.group.roles)
                    for one in role.step
                    if isinstance(one, PushStep)
                }
                micros = {micro for _, micro in pushes}
                return [
                    ((_PUSH, -1 if micro is None else micro, False), sum(1 for _, own in pushes if own == micro))
                    for micro in micros
                ]
            case PullStep():
                return [((_VALUES, 0, False), 1)]
            case _:
                return []

    def _done(self, lane: int, step: WorkerStep | ServerStep) -> Iterator[Played]:
        match step:
            case RunStep():
                calls = self.group.roles[lane].calls if lane < len(self.group.roles) else self.group.server_calls
                time = self.unit or (calls[step.call].compute_s if step.call in calls else 0.0)
                first, self.now[lane] = self.now[lane], self.now[lane] + time
                yield Played(lane, step.call, step.micro, first, self.now[lane])
            case SendStep():
                self._give((step.connection, step.micro, step.back), lane)
            case PushStep():
                self._give((_PUSH, -1 if step.micro is None else step.micro, False), lane)
            case PublishStep():
                self._give((_VALUES, 0, False), lane)
            case NormStep():
                pass

    def _give(self, key: tuple[str, int, bool], lane: int) -> None:
        self.given.setdefault(key, {})[lane] = self.now[lane]


_PUSH, _VALUES = "push/", "values/"


def _senders(roles: tuple[RoleRecord, ...]) -> dict[tuple[str, int, bool], int]:
    """How many roles give each block of a connection."""
    found: dict[tuple[str, int, bool], int] = {}
    for role in roles:
        for key in {(step.connection, step.micro, step.back) for step in role.step if isinstance(step, SendStep)}:
            found[key] = found.get(key, 0) + 1
    return found
