"""Events among the workers and servers of a group in one process: they go from one to another in an order that is always the same,
or one that a test chooses. Knows no metric, no data and no checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.group.member import Member
from singalang_runtime.group.serving import Serving
from singalang_runtime.protocol.events import Phase
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.step_server import StepServer
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import (
    Arrived,
    EvaluationEnded,
    EvaluationWanted,
    Pauses,
    PauseWanted,
    Post,
    ServeFrom,
    StepEvent,
    StepInstruction,
    StepsEnded,
    StepsWanted,
)

Waiting: TypeAlias = tuple[str, StepEvent]
"""A role, and an event that it is to hear of."""


@dataclass(frozen=True, slots=True)
class Order:
    """How the work of a group is interleaved: `choose` picks the event to be delivered next, by its place among those that wait;
    a worker does `stretch` steps or batches at a time, and begins none while it is more than `ahead` ahead of another."""

    choose: Callable[[Sequence[Waiting]], int] = lambda waiting: 0
    stretch: int = 1
    ahead: int = 1


@dataclass(slots=True)
class Task:
    """Steps, or batches of a phase, of which `at` are done and `stop` wanted. `parked`: it waits for others to catch up."""

    phase: Phase
    at: int
    stop: int
    parked: bool = False


@dataclass(slots=True)
class _Seat:
    """A worker, the steps that it has done, and what it was told to do."""

    machine: StepWorker
    member: Member
    step: int = 0
    task: Task | None = None

    def done(self, phase: Phase) -> float:
        """Steps that it has done, or batches of the evaluation that all workers do now."""
        if self.task is not None and self.task.phase == phase:
            return self.task.at
        return self.step if phase == "train" else float("inf")


class Loop:
    """The state machines of a group, and what they still have to hear of. `ended`: workers whose task is done, with the task;
    whoever reads it empties it."""

    def __init__(self, view: GroupView, members: Sequence[Member], servers: Sequence[Serving], order: Order) -> None:
        self.ended: list[tuple[int, Task]] = []
        self._order = order
        self._seats = {member.name: _Seat(StepWorker(view, member.number), member) for member in members}
        self._by_number = tuple(self._seats.values())
        self._servers = {one.name: (StepServer(view, one.number), one) for one in servers}
        self._waiting: list[Waiting] = []

    @property
    def step(self) -> int:
        """Steps that all workers have done."""
        return min(seat.step for seat in self._by_number)

    def step_of(self, worker: int) -> int:
        """Steps that a worker has done."""
        return self._by_number[worker].step

    def begin(self, step: int) -> None:
        """All stand before this step."""
        for seat in self._by_number:
            seat.step = step
        for name in self._servers:
            self._server_hears(name, ServeFrom(step))

    def tell(self, worker: int, phase: Phase, stop: int) -> None:
        """Tells a worker to do steps up to `stop`, or so many batches of another phase."""
        seat = self._by_number[worker]
        seat.task = Task(phase, seat.step if phase == "train" else 0, stop)
        self._go_on(seat)

    def pause(self, worker: int) -> Pauses | None:
        """Tells a worker to end its task as soon as may be; returns where it will, or None where it has ended."""
        seat = self._by_number[worker]
        if seat.task is None:
            return None
        if seat.task.phase != "train":
            return Pauses(None)
        if seat.machine.phase is None:  # it stands between two stretches
            self._waiting = [one for one in self._waiting if one[0] != seat.member.name or not isinstance(one[1], StepsWanted)]
            self._finish(seat)
            return None
        [pauses] = seat.machine.handle(PauseWanted())
        assert isinstance(pauses, Pauses) and pauses.step is not None, f"{seat.member.name} is within a step"
        seat.task.stop = pauses.step
        return pauses

    def deliver(self) -> None:
        """Lets one role hear of one event, and do what it says to that."""
        if not self._waiting:
            raise CompilerBug("everybody waits for somebody: " + "; ".join(self._places()))
        name, event = self._waiting.pop(self._order.choose(self._waiting))
        if name not in self._seats:
            self._server_hears(name, event)
            return
        seat = self._seats[name]
        for instruction in seat.machine.handle(event):
            self._work(seat, instruction)

    def _go_on(self, seat: _Seat) -> None:
        """Begins a worker's next stretch, as far as others need not catch up first; at the end of its task it has ended."""
        task = seat.task
        assert task is not None
        if task.at >= task.stop:
            self._finish(seat)
            return
        task.parked = task.at - min(other.done(task.phase) for other in self._by_number) > self._order.ahead
        if not task.parked:
            count = min(self._order.stretch, task.stop - task.at)
            train = task.phase == "train"
            self._waiting.append((seat.member.name, StepsWanted(task.at, count) if train else EvaluationWanted(task.phase, count)))

    def _finish(self, seat: _Seat) -> None:
        assert seat.task is not None
        self.ended.append((seat.member.number, seat.task))
        seat.task = None

    def _work(self, seat: _Seat, instruction: StepInstruction) -> None:
        task = seat.task
        assert task is not None, f"{seat.member.name} has nothing to do"
        match instruction:
            case StepsEnded(step):
                seat.step = task.at = step
                self._stretch_ended(seat)
            case EvaluationEnded():
                task.at = min(task.at + self._order.stretch, task.stop)
                seat.member.pass_by(task.at)
                self._stretch_ended(seat)
            case Pauses():
                raise AssertionError(f"{seat.member.name} pauses though nobody asked")
            case _:
                seat.member.do(instruction, task.phase)
                self._pass_on(instruction)

    def _stretch_ended(self, seat: _Seat) -> None:
        self._go_on(seat)
        for other in self._by_number:
            if other.task is not None and other.task.parked:
                self._go_on(other)

    def _server_hears(self, name: str, event: StepEvent) -> None:
        machine, serving = self._servers[name]
        for instruction in machine.handle(event):
            assert not isinstance(instruction, Pauses | StepsEnded | EvaluationEnded), f"{name} has no steps of its own"
            serving.do(instruction)
            self._pass_on(instruction)

    def _pass_on(self, instruction: StepInstruction) -> None:
        if isinstance(instruction, Post):
            self._waiting.append((instruction.message.receiver, Arrived(instruction.message)))

    def _places(self) -> list[str]:
        """Where everybody stands, for us."""
        workers = [f"{name} at {seat.machine.at} of step {seat.machine.step}, {seat.task}" for name, seat in self._seats.items()]
        return [*workers, *(f"{name} at {machine.at} of step {machine.step}" for name, (machine, _) in self._servers.items())]
