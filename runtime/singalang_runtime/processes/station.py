"""What one process of a group does in a train section: at most one worker, and servers, walking their programs in turn.

A worker does all that it was told by itself; what it needs comes on lanes, and where others have no room it is held back. Knows no
coordinator, no message of a stream and no file.
"""

from __future__ import annotations

import select
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias, get_args

import numpy as np

from singalang_runtime.binding import Load
from singalang_runtime.crew import Answer
from singalang_runtime.evaluator import Watch, measures_of
from singalang_runtime.first_tensors import FirstTensors
from singalang_runtime.group.feeding import count_of
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.member import Member
from singalang_runtime.group.own_rows import OwnRows, evaluation_rows, training_rows
from singalang_runtime.group.parameter_blocks import ParameterBlocks
from singalang_runtime.group.serving import Serving
from singalang_runtime.group.setting import Setting
from singalang_runtime.layout import Layout
from singalang_runtime.plane.bell import Woken
from singalang_runtime.plane.shared import SharedPlane
from singalang_runtime.processes.activity import Activity
from singalang_runtime.processes.evaluating import state_calls
from singalang_runtime.processes.flat import COMPUTE, MOVING, Call, Flat, kind_of, no_seconds
from singalang_runtime.protocol.events import Measure, Measured, PausesAt, Phase, StepsDone, WorkerEvent
from singalang_runtime.protocol.exchanges import server_acts, worker_acts
from singalang_runtime.protocol.schedule import GATHER_STEPS, Schedule

Array: TypeAlias = np.ndarray[Any, Any]
LOOK_S = 0.005
"""So often a process that works without a pause looks at its control socket."""
SOON_S = 0.0005
"""Who waits longer than that for others says so."""
_PHASES: tuple[Phase, ...] = get_args(Phase)
COUNTED_STEPS = 2
"""Steps in which it is counted what is held by name; all others hold the same."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a process measured of itself: the fields of `wire.Needed` that concern its roles."""

    timed: tuple[tuple[int, float], ...]
    compute_s: float
    waiting_s: float
    moving_s: float
    moved_bytes: dict[str, int]
    moved_steps: int
    named_bytes: int
    parameter_bytes: int | None = None
    updater_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """What the worker was told to do: steps of training from `first` on, or batches of a phase; since when."""

    phase: Phase
    first: int
    begun_s: float


class Station:
    """The roles of the process called `process`. First `initialise` or `restore`; then its worker, if it has one, is told what to
    do by `run` and `evaluate`, and all is done in `advance`, in which its servers serve; so a process with servers alone calls
    `advance` again and again. When nothing moves any more, `held` are the arrays of its roles. A worker's number is the group's.

    `plane` and `blocks` are those of the process. `control`: a descriptor that makes `advance` return when it can be read (-1:
    none). `timed`: (steps, seconds) of every stretch of its worker's steps.
    """

    def __init__(
        self,
        process: str,
        setting: Setting,
        schedule: Schedule,
        load: Load,
        plane: SharedPlane,
        blocks: ParameterBlocks,
        activity: Activity,
        control: int = -1,
    ) -> None:
        self.setting, self.section = setting, setting.section
        self.layout = Layout.of(setting.plan, setting.section)
        self.timed: list[tuple[int, float]] = []
        self._plane, self._schedule, self._load, self._activity, self._control = plane, schedule, load, activity, control
        self._ledger = Ledger()
        worker, servers = roles_of(setting.group.processes, process)
        self.member = None if worker is None else Member(setting, worker, plane, blocks, self._ledger)
        self.servers = tuple(Serving(setting, number, plane, blocks, self._ledger) for number in servers)
        self._roles: tuple[Member | Serving, ...] = self.servers if self.member is None else (self.member, *self.servers)
        self._calls = self._bound()
        self._worker = Flat(self._did)
        first = self._served if self.member is None else None
        self._flats = [self._worker, *(Flat(None if number else first) for number in range(len(servers)))]
        self._task: _Task | None = None
        self._rows: OwnRows | None = None
        self._evaluation: OwnRows | None = None
        self._seconds = self._look_s = 0.0
        self._step = self._first = 0  # steps done, and those of them that were done elsewhere
        self._hears = select.poll()
        if control != -1:
            self._hears.register(control, select.POLLIN)

    def initialise(self, known: Mapping[str, Array]) -> None:
        """Begins the section: parameters and state from `known`, by key, the others from their initialisers; slots 0. Only what the
        roles hold is read or made."""
        self._place(FirstTensors(self.setting.plan, self.section, self.layout, known, self._load), 0)

    def restore(self, tensors: Mapping[str, Array], step: int) -> None:
        """Goes on from the tensors of a checkpoint; only those that the roles hold are read."""
        self._place(tensors, step)

    @property
    def step(self) -> int:
        """Steps that its worker has done, or its servers where it has none."""
        return self._step

    def step_of(self, worker: int) -> int:
        """Steps that its worker has done."""
        return self._step

    @property
    def seconds(self) -> float:
        """Seconds spent in its worker's steps, those that are being done included."""
        task = self._task
        return self._seconds + (perf_counter() - task.begun_s if task is not None and task.phase == "train" else 0.0)

    def run(self, worker: int, stop: int) -> None:
        """Tells the worker to run steps up to `stop`. Answer: StepsDone."""
        self._begin(_Task("train", self.step, perf_counter()))
        self._worker.begin(self._calls["train"], self.step, stop, seconds=self._activity.seconds)

    def evaluate(self, worker: int, phase: Phase, batches: int | None) -> None:
        """Tells the worker to measure the net on the source of a phase. Answer: Measured."""
        member, setting = self._member, self.setting
        count = count_of(setting.feed, phase, batches)
        rows = setting.group.evaluate_rows[phase]
        self._evaluation = evaluation_rows(setting.feed.phases[phase], member.wanted[phase], count, rows)
        member.begin_evaluation(phase, self._evaluation)
        self._ledger.phase = phase
        self._begin(_Task(phase, 0, perf_counter()))
        first = state_calls(member, self._plane)
        self._worker.begin(self._calls[phase], 0, count, seconds=no_seconds(), first=first)

    def pause(self, worker: int) -> Sequence[WorkerEvent]:
        """Tells the worker to end what it does as soon as may be, an evaluation at its end; returns what it says to that."""
        if self._task is None:
            return ()
        if self._task.phase != "train":
            return (PausesAt(None),)
        self._worker.stop = self._worker.step + self._worker.within_step
        return (PausesAt(self._worker.stop),) if self._worker.within_step else ()

    def advance(self, watch: Watch) -> Sequence[Answer]:
        """Works until there are answers, somebody asks, or something can be read on the control descriptor; then, and where there
        is nothing to do but to serve, it may return nothing. May raise BrokenData."""
        while not (answers := self.answers()):
            now_s = perf_counter()
            if watch.asked or now_s >= watch.at:
                watch.look()
                if watch.asked:
                    break
            if now_s >= self._look_s and self._is_called(now_s):
                break
            if not self.go_round(min(watch.at, self._look_s)) and self._wait(watch.at) == "control":
                break
        return answers

    def go_round(self, until_s: float = 0.0) -> bool:
        """Lets every role do what it can without waiting, at most a step after `until_s` of `perf_counter`; whether any did."""
        return any([flat.advance(until_s) for flat in self._flats])

    def answers(self) -> Sequence[Answer]:
        """What the worker's task came to, where it has ended. Waits for nothing."""
        task = self._task
        if task is None or not self._worker.ended:
            return ()
        self._task = None
        self._activity.begin("standing")
        return ((self._member.number, self._stepped(task) if task.phase == "train" else self._evaluated(task.phase)),)

    def gather(self, worker: int) -> None:
        """Adds what the worker measured and still has on its device to its totals."""
        self._member.gather()

    def gathered(self, worker: int) -> tuple[Measure, ...]:
        """What the worker measured since `read`, as far as it was gathered."""
        return measures_of(self.section, self._member.totals)

    def measures(self, worker: int) -> tuple[Measure, ...]:
        """What the worker measured since `read`."""
        return measures_of(self.section, self._member.measured())

    def read(self, worker: int) -> tuple[Measure, ...]:
        """What was gathered since the last time; begins new totals."""
        found = self.gathered(worker)
        self._member.totals = self.setting.no_sums.astype(np.float64)
        return found

    def held(self) -> dict[str, dict[str, Array]]:
        """What its roles must tell of for a checkpoint, by role and name (`group.whole.assemble`). Views, until the next step."""
        return {role.name: role.told() for role in self._roles}

    def figures(self) -> Figures:
        """What was measured of the process."""
        seconds = self._activity.seconds
        return Figures(
            timed=tuple(self.timed),
            compute_s=seconds[COMPUTE],
            waiting_s=self._activity.waiting_s,
            moving_s=seconds[MOVING],
            moved_bytes=self._plane.moved_bytes(),
            moved_steps=self._step - self._first,
            named_bytes=self._ledger.peaks["train"],
            parameter_bytes=0 if self.member is None else self.member.parameter_bytes,
            updater_bytes=sum(server.updater_bytes for server in self.servers),
        )

    def close(self) -> None:
        """Stops reading ahead; may be called again."""
        for rows in (self._rows, self._evaluation):
            if rows is not None:
                rows.close()

    @property
    def _member(self) -> Member:
        assert self.member is not None, "the process has a worker"
        return self.member

    def _place(self, tensors: Mapping[str, Array], step: int) -> None:
        self.close()
        self._step = self._first = step
        for role in self._roles:
            role.place(tensors)
        if self.member is not None:
            feed, wanted = self.setting.feed.phases["train"], self.member.wanted["train"]
            self.member.supplies["train"] = self._rows = training_rows(feed, wanted, step, self._schedule.steps)
        for flat, server in zip(self._flats[1:], self.servers, strict=True):
            flat.begin(self._calls[server.name], step, seconds=self._activity.seconds)
        self._activity.begin("standing" if self.member else "training", step)

    def _bound(self) -> dict[str, tuple[Call, ...]]:
        """The programs of the worker by phase, and of the servers by name."""
        view, found = self.setting.view, dict[str, tuple[Call, ...]]()
        if self.member is not None:
            for phase in (phase for phase in _PHASES if phase in self.member.wanted):
                acts = worker_acts(view, self.member.number, phase)
                found[phase] = tuple(Call(*self.member.bind(act, phase), kind_of(act)) for act in acts)
        for server in self.servers:
            acts = server_acts(view, server.number)
            found[server.name] = tuple(Call(*server.bind(act), kind_of(act)) for act in acts)
        return found

    def _begin(self, task: _Task) -> None:
        assert self._task is None, f"{self._member.name} does something already: {self._task}"
        self._task = task
        self._activity.begin("training" if task.phase == "train" else "evaluating", self._step)

    def _did(self, step: int, now_s: float) -> None:
        """The worker did a step, or a batch of an evaluation."""
        assert self._task is not None
        if self._task.phase != "train":
            if step % GATHER_STEPS == 0 and step < self._worker.stop:
                self._member.gather()
            return
        self._served(step, now_s)

    def _served(self, step: int, now_s: float) -> None:
        """A step of training is done: the worker's, or where there is none the first server's."""
        self._step = step
        self._activity.stepped(step, now_s)
        if step == self._first + COUNTED_STEPS:
            for role in self._roles:
                role.shelf.ledger = None

    def _stepped(self, task: _Task) -> WorkerEvent:
        taken_s = perf_counter() - task.begun_s
        self._seconds += taken_s
        if self._step > task.first:
            self.timed.append((self._step - task.first, taken_s))
        return StepsDone(self._step)

    def _evaluated(self, phase: Phase) -> WorkerEvent:
        assert self._evaluation is not None
        self._evaluation.close()
        self._ledger.phase = "train"
        return Measured(phase, measures_of(self.section, self._member.end_evaluation()))

    def _is_called(self, now_s: float) -> bool:
        """Whether there is something to read on the control descriptor."""
        self._look_s = now_s + LOOK_S
        return bool(self._hears.poll(0))

    def _wait(self, until_s: float) -> Woken:
        """Waits until a role can go on, the control descriptor can be read, or it is so late."""
        begun_s = perf_counter()
        waiter, activity = self._plane.waiter, self._activity
        woken = waiter.wait(self._ready, self._control, SOON_S)
        if woken == "late":
            doing = activity.doing if self.member else "training"
            activity.begin("standing" if self.member and self._task is None else "waiting")
            woken = waiter.wait(self._ready, self._control, max(0.0, until_s - perf_counter()))
            activity.begin(doing)
        if self.member is None or (self._task is not None and self._task.phase == "train"):
            activity.waiting_s += perf_counter() - begun_s
        return woken

    def _ready(self) -> bool:
        for flat in self._flats:  # noqa: SIM110 (asked many times a second)
            if flat.ready:
                return True
        return False


def roles_of(processes: Mapping[str, str], process: str) -> tuple[int | None, tuple[int, ...]]:
    """The worker of a process, if it has one, and its servers, by number."""
    numbers: dict[str, list[int]] = {"worker": [], "server": []}
    for role, home in processes.items():
        if home == process:
            kind, _, number = role.rpartition("-")
            numbers[kind].append(int(number))
    workers = numbers["worker"]
    assert len(workers) <= 1, f"{process} holds several workers"
    return (workers[0] if workers else None), tuple(numbers["server"])
