"""A group in one process: all its workers and servers, its data and what it measures. Knows no section but its own, no file and no
coordinator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.plan import Plan, SectionRecord
from singalang_compiler.plan_group import FeedStep
from singalang_runtime.binding import Load
from singalang_runtime.crew import Answer, GroupMeasured
from singalang_runtime.evaluator import Watch, measures_of
from singalang_runtime.feed.feed import Feed
from singalang_runtime.group.feeding import Batches, SharedRows, count_of, evaluation_batches, training_batches
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.loop import Loop, Order, Task
from singalang_runtime.group.member import Member
from singalang_runtime.group.memory import aligned
from singalang_runtime.group.parameter_blocks import ParameterBlocks, size_bytes
from singalang_runtime.group.serving import Serving
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.whole import assemble
from singalang_runtime.layout import Layout
from singalang_runtime.plane.local import LocalPlane
from singalang_runtime.protocol.events import Measure, Measured, PausesAt, Phase, StepsDone, WorkerEvent
from singalang_runtime.protocol.schedule import Schedule
from singalang_runtime.training import first_tensors

Array: TypeAlias = np.ndarray[Any, Any]


class LocalGroup:
    """The workers and servers of a train section: a `Crew`.

    `plane` has counted what was moved, `ledgers`, by process, what was held. Time is taken of the first worker's steps.
    """

    def __init__(
        self, plan: Plan, section: SectionRecord, feed: Feed, schedule: Schedule, load: Load, order: Order | None = None
    ) -> None:
        begun = perf_counter()
        self.setting = Setting.of(plan, section, feed, load)
        self.compile_s = perf_counter() - begun
        self.section, self.layout, self.timed = section, Layout.of(plan, section), list[tuple[int, float]]()
        group = self.setting.group
        self.plane = LocalPlane(self.setting.view, self.setting.dtype)
        self.ledgers = {process: Ledger() for process in group.processes.values()}
        memory = aligned((size_bytes(group, self.setting.dtype),), np.dtype(np.uint8))
        blocks = ParameterBlocks(self.setting.view, self.setting.dtype, memory)
        self.members = tuple(
            Member(self.setting, number, self.plane, blocks, self._ledger(f"worker-{number}")) for number in range(group.workers)
        )
        self.servers = tuple(
            Serving(self.setting, number, self.plane, blocks, self._ledger(one.name)) for number, one in enumerate(group.servers)
        )
        self._roles: tuple[Member | Serving, ...] = (*self.members, *self.servers)
        self._feed, self._schedule, self._load = feed, schedule, load
        self._loop = Loop(self.setting.view, self.members, self.servers, order or Order())
        self._asked: dict[int, tuple[Phase, int | None]] = {}  # evaluations, which begin when all workers want them
        self._reading = ExitStack()
        self._seconds = 0.0
        self._begun: tuple[int, float] | None = None  # where and when the first worker began what it does now

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
        return self._loop.step

    def step_of(self, worker: int) -> int:
        """Steps that a worker has done."""
        return self._loop.step_of(worker)

    def run(self, worker: int, stop: int) -> None:
        """Tells a worker to run steps up to `stop`. Answer: StepsDone."""
        if worker == 0:
            self._begun = self._loop.step_of(0), perf_counter()
        self._loop.tell(worker, "train", stop)

    def evaluate(self, worker: int, phase: Phase, batches: int | None) -> None:
        """Tells a worker to measure the net on the source of a phase; it begins when all were told. Answer: Measured."""
        self._asked[worker] = phase, batches
        if len(self._asked) < len(self.members):
            return
        self._asked.clear()
        count = count_of(self._feed, phase, batches)
        made = evaluation_batches(self._feed, phase, count, self.setting.group.evaluate_rows[phase])
        shared = Batches(made, self._takers(phase))
        for member in self.members:
            self._ledger(member.name).phase = phase
            if member.position:
                member.take_state(self.members[member.number - member.position].state())
            member.begin_evaluation(phase, SharedRows(shared, member.wanted[phase]))
            self._loop.tell(member.number, phase, count)

    def pause(self, worker: int) -> Sequence[WorkerEvent]:
        """Tells a worker to end what it does as soon as may be; returns what it says to that."""
        if worker in self._asked:
            return (PausesAt(None),)
        pauses = self._loop.pause(worker)
        return () if pauses is None else (PausesAt(pauses.step),)

    def advance(self, watch: Watch) -> Sequence[Answer]:
        """Works until there are answers or somebody asks. May raise BrokenData."""
        while not self._loop.ended:
            if watch.asked or perf_counter() >= watch.at:
                watch.look()
                if watch.asked:
                    break
            self._loop.deliver()
        ended, self._loop.ended = self._loop.ended, []
        return [(worker, self._answer(worker, task)) for worker, task in ended]

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
        return assemble(self.setting.shares, {role.name: role.told() for role in self._roles})

    def learned(self) -> dict[str, Array]:
        """Parameters and state, copied: what the next section takes over."""
        return {key: np.array(tensor) for key, tensor in self.tensors().items() if key.startswith(("parameters/", "state/"))}

    def close(self) -> None:
        """Stops reading ahead; may be called again."""
        self._reading.close()

    def _place(self, tensors: Mapping[str, Array], step: int) -> None:
        self.close()
        for role in self._roles:
            role.place(tensors)
        stream = self._reading.enter_context(training_batches(self._feed, step, self._schedule.steps))
        batches = Batches(stream, self._takers("train"))
        for member in self.members:
            member.supplies["train"] = SharedRows(batches, member.wanted["train"])
        self._loop.begin(step)

    def _takers(self, phase: Phase) -> int:
        """How often a batch is taken in one step."""
        group, view = self.setting.group, self.setting.view
        return sum(isinstance(step, FeedStep) for number in range(group.workers) for step in view.program(number, phase))

    def _answer(self, worker: int, task: Task) -> WorkerEvent:
        """What a worker says at the end of its task."""
        member = self.members[worker]
        if task.phase != "train":
            self._ledger(member.name).phase = "train"
            return Measured(task.phase, measures_of(self.section, member.end_evaluation()))
        if worker == 0 and self._begun:
            (first, begun), self._begun = self._begun, None
            self._seconds += perf_counter() - begun
            if task.at > first:
                self.timed.append((task.at - first, perf_counter() - begun))
        return StepsDone(task.at)

    def _ledger(self, role: str) -> Ledger:
        return self.ledgers[self.setting.group.processes[role]]
