"""The steps of a group on a virtual clock: the machines of workers and servers, given how long everything takes. Deterministic, and
without any real clock, array or process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from singalang_runtime.protocol.step_server import StepServer
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import (
    Arrived,
    Message,
    Post,
    RunCall,
    ServeFrom,
    StepEvent,
    StepInstruction,
    StepsEnded,
    StepsWanted,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A call of a role, in seconds from the beginning of the first step."""

    role: str
    call: str
    step: int
    micro: int
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """What came when: the calls of all roles in the order in which they began, and of each worker when each step ended."""

    calls: tuple[Span, ...]
    ended_s: Mapping[str, tuple[float, ...]]

    @property
    def total_s(self) -> float:
        """Seconds until every worker had done all steps."""
        return max(ends[-1] for ends in self.ended_s.values())


def run_steps(
    view: GroupView,
    steps: int,
    work_s: Callable[[str, StepInstruction], float],
    message_s: Callable[[Message], float],
) -> Timeline:
    """Runs `steps` steps of a group, from step 0, all workers beginning at 0 seconds.

    A role does its instructions one after another; `work_s` says how long one keeps it busy. A message is there `message_s` after
    it was posted; posting takes no time, and messages do not get in each other's way. What arrives at the same moment is heard in
    the order in which it was posted.
    """
    return _Clock(view, steps, work_s, message_s).run()


class _Clock:
    """The state of `run_steps`."""

    def __init__(
        self, view: GroupView, steps: int, work_s: Callable[[str, StepInstruction], float], message_s: Callable[[Message], float]
    ) -> None:
        self.steps, self.work_s, self.message_s = steps, work_s, message_s
        workers = {worker_name(number): StepWorker(view, number) for number in range(view.group.workers)}
        servers = {server_name(number): StepServer(view, number) for number in range(len(view.group.servers))}
        self.machines: dict[str, StepWorker | StepServer] = workers | servers
        self.free_s = dict.fromkeys(self.machines, 0.0)
        self.ended_s: dict[str, tuple[float, ...]] = dict.fromkeys(workers, ())
        self.calls: list[Span] = []
        self.coming: list[tuple[float, int, str, StepEvent]] = []  # a heap: when, in which order it was said, to whom
        self.said = 0
        for name in servers:
            self._say(0.0, name, ServeFrom(0))
        for name in workers:
            self._say(0.0, name, StepsWanted(0, 1))

    def run(self) -> Timeline:
        while self.coming:
            at_s, _, role, event = heappop(self.coming)
            self._hear(max(at_s, self.free_s[role]), role, event)
        assert all(len(ends) == self.steps for ends in self.ended_s.values()), f"only so many steps ended: {self.ended_s}"
        return Timeline(tuple(sorted(self.calls, key=lambda span: (span.begin_s, span.role))), self.ended_s)

    def _hear(self, now_s: float, role: str, event: StepEvent) -> None:
        for instruction in self.machines[role].handle(event):
            begin_s, now_s = now_s, now_s + self.work_s(role, instruction)
            match instruction:
                case RunCall(call, step, micro):
                    self.calls.append(Span(role, call, step, micro, begin_s, now_s))
                case Post(message):
                    self._say(now_s + self.message_s(message), message.receiver, Arrived(message))
                case StepsEnded(step):
                    self.ended_s[role] += (now_s,)
                    if step < self.steps:
                        self._say(now_s, role, StepsWanted(step, 1))
        self.free_s[role] = now_s

    def _say(self, at_s: float, role: str, event: StepEvent) -> None:
        self.said += 1
        heappush(self.coming, (at_s, self.said, role, event))
