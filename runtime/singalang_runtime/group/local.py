"""A group in one process: its workers and servers do what their state machines say, and events go from one to another in an order
that is always the same, or one that a test chooses. Knows no section but its own, no file and no coordinator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.plan import Plan, SectionRecord
from singalang_compiler.plan_group import FeedStep
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.binding import Load
from singalang_runtime.crew import Answer, GroupMeasured
from singalang_runtime.evaluator import Watch, measures_of
from singalang_runtime.feed.feed import Feed
from singalang_runtime.group.feeding import Batches, count_of, evaluation_batches, training_batches
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.member import Member
from singalang_runtime.group.plane import LocalPlane
from singalang_runtime.group.serving import Serving
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.whole import assemble, distribute, share_state
from singalang_runtime.layout import Layout
from singalang_runtime.protocol.events import Measure, Measured, PausesAt, Phase, StepsDone, WorkerEvent
from singalang_runtime.protocol.schedule import Schedule
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
from singalang_runtime.training import first_tensors

Array: TypeAlias = np.ndarray[Any, Any]
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
class _Task:
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
    task: _Task | None = None

    def done(self, phase: Phase) -> float:
        """Steps that it has done, or batches of the evaluation that all workers do now."""
        if self.task is not None and self.task.phase == phase:
            return self.task.at
        return self.step if phase == "train" else float("inf")


class LocalGroup:
    """The workers and servers of a train section.

    `plane` has counted what was moved, `ledgers`, by process, what was held. Time is taken of the first worker's steps.
    """

    def __init__(
        self, plan: Plan, section: SectionRecord, feed: Feed, schedule: Schedule, load: Load, order: Order | None = None
    ) -> None:
        begun = perf_counter()
        self.setting = setting = Setting.of(plan, section, feed, load)
        self.compile_s = perf_counter() - begun
        self.section, self.layout, self.timed = section, Layout.of(plan, section), list[tuple[int, float]]()
        group, view = setting.group, setting.view
        self.plane = LocalPlane(group.processes)
        self.ledgers = {process: Ledger() for process in group.processes.values()}
        self.members = tuple(
            Member(setting, number, self.plane, self._ledger(f"worker-{number}")) for number in range(group.workers)
        )
        self.servers = tuple(
            Serving(setting, number, self.plane, self._ledger(one.name)) for number, one in enumerate(group.servers)
        )
        self._seats = {member.name: _Seat(StepWorker(view, member.number), member) for member in self.members}
        self._servers = {one.name: (StepServer(view, one.number), one) for one in self.servers}
        self._feed, self._schedule, self._load, self._order = feed, schedule, load, order or Order()
        self._waiting: list[Waiting] = []
        self._answers: list[Answer] = []
        self._asked: dict[int, tuple[Phase, int | None]] = {}  # evaluations, which begin when all workers want them
        self._reading = ExitStack()
        self._seconds = 0.0
        self._begun: tuple[int, float] | None = (
            None  # the steps that the first worker was told to do: the first of them, and since when
        )

    def initialise(self, known: Mapping[str, Array]) -> None:
        """Begins the section: parameters and state from `known`, by key, the others from their initialisers; slots 0."""
        self._place(first_tensors(self.setting.plan, self.section, self.layout, known, self._load), 0)

    def restore(self, tensors: Mapping[str, Array], step: int) -> None:
        """Goes on from the tensors of a checkpoint."""
        self._place(tensors, step)

    @property
    def seconds(self) -> float:
        """Seconds spent in steps, those that are being done included."""
        return self._seconds + (perf_counter() - self._begun[1] if self._begun else 0.0)

    @property
    def step(self) -> int:
        """Steps that all workers have done."""
        return min(seat.step for seat in self._seats.values())

    def run(self, worker: int, stop: int) -> None:
        """Tells a worker to run steps up to `stop`. Answer: StepsDone."""
        seat = self._seat(worker)
        if worker == 0:
            self._begun = seat.step, perf_counter()
        seat.task = _Task("train", seat.step, stop)
        self._go_on(seat)

    def evaluate(self, worker: int, phase: Phase, batches: int | None) -> None:
        """Tells a worker to measure the net on the source of a phase; it begins when all were told. Answer: Measured."""
        self._asked[worker] = phase, batches
        if len(self._asked) < len(self._seats):
            return
        self._asked.clear()
        share_state(self.setting, self.members)
        count = count_of(self._feed, phase, batches)
        made = evaluation_batches(self._feed, phase, count, self.setting.group.evaluate_rows[phase])
        shared = Batches(made, self._takers(phase))
        for seat in self._seats.values():
            seat.member.begin_evaluation(phase, shared)
            self._ledger(seat.member.name).phase = phase
            seat.task = _Task(phase, 0, count)
            self._go_on(seat)

    def pause(self, worker: int) -> Sequence[WorkerEvent]:
        """Tells a worker to end what it does as soon as may be; returns what it says to that."""
        seat = self._seat(worker)
        if worker in self._asked or (seat.task is not None and seat.task.phase != "train"):
            return (PausesAt(None),)
        if seat.task is None:
            return ()
        if seat.machine.phase is None:  # it stands between two stretches
            self._waiting = [one for one in self._waiting if one[0] != seat.member.name or not isinstance(one[1], StepsWanted)]
            self._finish(seat, seat.task)
            return ()
        [pauses] = seat.machine.handle(PauseWanted())
        assert isinstance(pauses, Pauses) and pauses.step is not None, f"{seat.member.name} is within a step"
        seat.task.stop = pauses.step
        return (PausesAt(pauses.step),)

    def advance(self, watch: Watch) -> Sequence[Answer]:
        """Works until there are answers or somebody asks. May raise BrokenData."""
        choose = self._order.choose
        while not self._answers:
            if watch.asked or perf_counter() >= watch.at:
                watch.look()
                if watch.asked:
                    break
            if not self._waiting:
                raise CompilerBug("everybody waits for somebody: " + "; ".join(self._places()))
            name, event = self._waiting.pop(choose(self._waiting))
            if name in self._seats:
                self._worker_hears(self._seats[name], event)
            else:
                self._server_hears(name, event)
        answers, self._answers = self._answers, []
        return answers

    def measured(self) -> GroupMeasured:
        """Bytes moved in a step, by kind of link, and the most that each process held while it trained."""
        steps = sum(count for count, _ in self.timed)
        links = self.setting.group.links if steps else ()
        moved: dict[str, float] = {link.what: self.plane.links["train", link.what] / steps for link in links}
        return GroupMeasured(moved, {process: ledger.peaks["train"] for process, ledger in self.ledgers.items()})

    def gather(self, worker: int) -> None:
        """Adds what a worker measured and still has on its device to its totals. Waits for the device."""
        self.members[worker].gather()

    def gathered(self, worker: int) -> tuple[Measure, ...]:
        """What a worker measured since `read`, as far as it was gathered. Waits for nothing."""
        return measures_of(self.section, self.members[worker].totals)

    def measures(self, worker: int) -> tuple[Measure, ...]:
        """What a worker measured since `read`. Waits for the device."""
        return measures_of(self.section, self.members[worker].measured())

    def read(self, worker: int) -> tuple[Measure, ...]:
        """What was gathered since the last time; begins new totals."""
        found = self.gathered(worker)
        self.members[worker].totals = self.setting.no_sums.astype(np.float64)
        return found

    def tensors(self) -> dict[str, Array]:
        """Every tensor by key, and the metrics so far, (workers, metrics, 2) each: what a checkpoint holds."""
        found = assemble(self.setting, self.members, self.servers)
        found["metrics/sums"] = np.stack([member.sums() for member in self.members])
        found["metrics/totals"] = np.stack([member.totals for member in self.members])
        return found

    def learned(self) -> dict[str, Array]:
        """Parameters and state, copied: what the next section takes over."""
        return {key: np.array(tensor) for key, tensor in self.tensors().items() if key.startswith(("parameters/", "state/"))}

    def close(self) -> None:
        """Stops reading ahead; may be called again."""
        self._reading.close()

    def _place(self, tensors: Mapping[str, Array], step: int) -> None:
        self.close()
        distribute(self.setting, tensors, self.members, self.servers)
        batches = Batches(
            self._reading.enter_context(training_batches(self._feed, step, self._schedule.steps)), self._takers("train")
        )
        for seat in self._seats.values():
            member = seat.member
            seat.step, member.batches["train"] = step, batches
            member.clear_sums(tensors["metrics/sums"][member.number] if "metrics/sums" in tensors else None)
            if "metrics/totals" in tensors:
                member.totals = np.array(tensors["metrics/totals"][member.number])
        for name in self._servers:
            self._server_hears(name, ServeFrom(step))

    def _takers(self, phase: Phase) -> int:
        """How often a batch is taken in one step."""
        group, view = self.setting.group, self.setting.view
        return sum(isinstance(step, FeedStep) for number in range(group.workers) for step in view.program(number, phase))

    def _go_on(self, seat: _Seat) -> None:
        """Begins a worker's next stretch, as far as others need not catch up first; at the end of its task it tells."""
        task = seat.task
        assert task is not None
        if task.at >= task.stop:
            self._finish(seat, task)
            return
        task.parked = task.at - min(other.done(task.phase) for other in self._seats.values()) > self._order.ahead
        if not task.parked:
            count = min(self._order.stretch, task.stop - task.at)
            train = task.phase == "train"
            self._waiting.append((seat.member.name, StepsWanted(task.at, count) if train else EvaluationWanted(task.phase, count)))

    def _finish(self, seat: _Seat, task: _Task) -> None:
        seat.task = None
        if task.phase != "train":
            self._ledger(seat.member.name).phase = "train"
            self._answers.append(
                (seat.member.number, Measured(task.phase, measures_of(self.section, seat.member.end_evaluation())))
            )
            return
        self._answers.append((seat.member.number, StepsDone(seat.step)))
        if seat.member.number == 0 and self._begun:
            (first, begun), self._begun = self._begun, None
            self._seconds += perf_counter() - begun
            if seat.step > first:
                self.timed.append((seat.step - first, perf_counter() - begun))

    def _worker_hears(self, seat: _Seat, event: StepEvent) -> None:
        for instruction in seat.machine.handle(event):
            self._work(seat, instruction)

    def _work(self, seat: _Seat, instruction: StepInstruction) -> None:
        task = seat.task
        assert task is not None, f"{seat.member.name} has nothing to do"
        match instruction:
            case StepsEnded(step):
                seat.step = task.at = step
                self._stretch_ended(seat)
            case EvaluationEnded():
                task.at = min(task.at + self._order.stretch, task.stop)
                seat.member.passed = task.at
                self._stretch_ended(seat)
            case Pauses():
                raise AssertionError(f"{seat.member.name} pauses though nobody asked")
            case _:
                seat.member.do(instruction, task.phase)
                if isinstance(instruction, Post):
                    self._waiting.append((instruction.message.receiver, Arrived(instruction.message)))

    def _stretch_ended(self, seat: _Seat) -> None:
        self._go_on(seat)
        for other in self._seats.values():
            if other.task is not None and other.task.parked:
                self._go_on(other)

    def _server_hears(self, name: str, event: StepEvent) -> None:
        machine, serving = self._servers[name]
        for instruction in machine.handle(event):
            assert not isinstance(instruction, Pauses | StepsEnded | EvaluationEnded), f"{name} has no steps of its own"
            serving.do(instruction)
            if isinstance(instruction, Post):
                self._waiting.append((instruction.message.receiver, Arrived(instruction.message)))

    def _seat(self, worker: int) -> _Seat:
        return self._seats[self.members[worker].name]

    def _ledger(self, role: str) -> Ledger:
        return self.ledgers[self.setting.group.processes[role]]

    def _places(self) -> list[str]:
        """Where everybody stands, for us."""
        workers = [f"{name} at {seat.machine.at} of step {seat.machine.step}, {seat.task}" for name, seat in self._seats.items()]
        return [*workers, *(f"{name} at {machine.at} of step {machine.step}" for name, (machine, _) in self._servers.items())]
