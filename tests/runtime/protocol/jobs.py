"""Whole jobs as the explorer wants them: coordinator, workers, servers, the real machines, and somebody who may want to leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, assert_never

from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.protocol.coordinator import Coordinator
from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from singalang_runtime.protocol.schedule import Schedule
from singalang_runtime.protocol.step_server import StepServer
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import (
    EvaluationEnded,
    EvaluationWanted,
    Pauses,
    PauseWanted,
    ServeFrom,
    StepInstruction,
    StepsEnded,
    StepsWanted,
)
from singalang_runtime.protocol.worker import Worker
from tests.runtime.protocol.explore import Explored, Explorer, Said, World
from tests.runtime.protocol.roles import Member
from tests.runtime.protocol.small import Small
from tests.runtime.protocol.symbols import Symbols

Stories = tuple[tuple[str, int], ...]
Line = tuple[int, str, int, float]
BATCHES = 2
"""Batches of a whole source."""


@dataclass(frozen=True)
class Saved:
    """A checkpoint: where it was made, the story of what every role held, and what had been measured."""

    cursor: e.Cursor
    stories: Stories
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Job:
    """What is explored: a group for each section, its schedule; `leaves`: whether somebody wants to leave, at any moment; `fails`:
    the worker that finds a fault when it reads its metrics."""

    groups: tuple[Small, ...]
    schedules: tuple[Schedule, ...]
    until: int | None = None
    leaves: bool = False
    fails: int | None = None
    resumed: Saved | None = None

    @property
    def section(self) -> int:
        """The section to begin with."""
        return self.resumed.cursor.section if self.resumed else 0

    @property
    def step(self) -> int:
        """The step to begin with."""
        return self.resumed.cursor.step if self.resumed else 0


class Part(Member):
    """A worker or server in a job: `views` of the groups in whose sections it has a part; its machine is that of `section`."""

    FIXED = Member.FIXED | {"job", "views", "number"}
    job: Job
    views: tuple[GroupView | None, ...]
    number: int
    section: int

    def _from(self, section: int) -> tuple[int, GroupView | None]:
        """The first section from this one on in which it has a part."""
        return next(((number, view) for number, view in enumerate(self.views) if view and number >= section), (-1, None))

    @property
    def _any(self) -> GroupView:
        return next(view for view in self.views if view)


class Process(Part):
    """A worker with all its machines, and its host, who takes its time to answer."""

    machine: StepWorker

    def __init__(self, job: Job, views: tuple[GroupView | None, ...], number: int, symbols: Symbols) -> None:
        self.job, self.views, self.number = job, views, number
        self.worker = Worker(number, job.schedules, job.until)
        self.section, view = self._from(job.section)
        super().__init__(StepWorker(view or self._any, number), symbols)

    def begin(self) -> list[Said]:
        return []

    def hear(self, what: Any) -> list[Said]:
        if isinstance(what, tuple):
            return super().hear(what)
        return [one for instruction in self.worker.handle(what) for one in self._execute(instruction)]

    def ended(self, what: Pauses | StepsEnded | EvaluationEnded) -> list[Said]:
        match what:
            case Pauses(step):
                return self._answer(e.PausesAt(step))
            case StepsEnded(step):
                return self._answer(e.StepsDone(step))
            case EvaluationEnded(phase):
                return self._answer(self._measured(phase))

    def _execute(self, instruction: i.WorkerInstruction) -> list[Said]:
        match instruction:
            case i.Initialise() | i.Restore():
                return self._answer(e.Ready())
            case i.RunSteps(_, first, count):
                return self.work(self.machine.handle(StepsWanted(first, count)))
            case i.Evaluate(_, phase, _, batches):
                return self.work(self.machine.handle(EvaluationWanted(phase, batches or BATCHES)))
            case i.ReadMetrics(section, step):
                if self.number == self.job.fails:
                    return self._answer(e.Faulted(e.Fault("not-finite", str(section), step, 0, "loss", "nan")))
                return self._answer(self._measured("train"))
            case i.Pause():
                return self.work(self.machine.handle(PauseWanted()))
            case i.Tell(event):
                if isinstance(event, e.SectionFinished):
                    self._next_section()
                return [Said("coordinator", event, lane=self.machine.name)]
            case i.Gather():
                self._tell("gather")
                return []
            case i.ReadProgress():
                raise AssertionError("nobody asked")
            case _:
                assert_never(instruction)

    def _measured(self, phase: Any) -> e.Measured:
        self._tell("measured", phase)
        return e.Measured(phase, (e.Measure("loss", float(self.number + 1), 1.0),))

    def _answer(self, event: e.WorkerEvent) -> list[Said]:
        """The host takes its time: other things may be heard first."""
        return [Said(self.machine.name, event, lane="host")]

    def _next_section(self) -> None:
        """Nothing more can arrive for this section, and things may for the next."""
        section, view = self._from(self.worker.section + 1)
        if view is not None:
            self.section, self.machine = section, StepWorker(view, self.number)


class Keeper(Part):
    """A server. It goes to its next section when it has seen all steps of one."""

    machine: StepServer

    def __init__(self, job: Job, views: tuple[GroupView | None, ...], number: int, symbols: Symbols) -> None:
        self.job, self.views, self.number = job, views, number
        self.section, view = self._from(job.section)
        super().__init__(StepServer(view or self._any, number), symbols)

    def begin(self) -> list[Said]:
        first = self.job.step if self.section == self.job.section else 0
        if self.section < 0:
            return []
        return self.work(self.machine.handle(ServeFrom(first)))

    def work(self, instructions: list[StepInstruction]) -> list[Said]:
        said = super().work(instructions)
        if not self.machine.acts or self.machine.step == self.job.schedules[self.section].steps:
            section, view = self._from(self.section + 1)
            if view is not None:
                self.section, self.machine = section, StepServer(view, self.number)
                said += self.work(self.machine.handle(ServeFrom(0)))
        return said


class Leader:
    """The coordinator with its host. `written` is the last checkpoint's cursor; `writing` says that it is being written."""

    FIXED = frozenset({"job"})

    def __init__(self, job: Job) -> None:
        self.job = job
        cursor = job.resumed.cursor if job.resumed else None
        self.machine = Coordinator([small.workers for small in job.groups], cursor)
        self.lines = job.resumed.lines if job.resumed else ()
        self.writing: e.Cursor | None = None
        self.written = cursor
        self.end: i.EndJob | None = None

    def begin(self) -> list[Said]:
        leave = [Said("coordinator", e.LeaveRequested(), lane="somebody")] if self.job.leaves else []
        return [*leave, *self.hear(e.JobStarted())]

    def hear(self, what: e.CoordinatorEvent) -> list[Said]:
        if isinstance(what, e.Checkpointed):
            self.written, self.writing = self.writing, None
        said: list[Said] = []
        for instruction in self.machine.handle(what):
            match instruction:
                case i.Send(worker, event):
                    said.append(Said(worker_name(worker), event, lane="coordinator"))
                case i.WriteCheckpoint(cursor):
                    assert self.writing is None
                    self.writing = cursor
                    said.append(Said("coordinator", e.Checkpointed(cursor.section, cursor.step), lane="disk"))
                case i.RecordMetrics(section, phase, step, (measure,)):
                    self.lines += ((section, phase, step, measure.total),)
                case i.EndJob():
                    assert self.end is None
                    self.end = instruction
                case i.RecordMetrics() | i.ShowProgress():
                    raise AssertionError(instruction)
                case _:
                    assert_never(instruction)
        return said


class Exploration:
    """All orders in which a job can go, or with `draw` one of them. `saved`: the checkpoints it may leave behind, as found on the
    way."""

    def __init__(self, job: Job, symbols: Symbols, draw: Random | None = None) -> None:
        self.job = job
        self.saved: dict[e.Cursor, Saved] = {job.resumed.cursor: job.resumed} if job.resumed else {}
        views = tuple(GroupView(small.group()) for small in job.groups)
        members: dict[str, Part] = {}
        for number in range(max(small.workers for small in job.groups)):
            own = tuple(view if number < view.group.workers else None for view in views)
            members[worker_name(number)] = Process(job, own, number, symbols)
        for number in range(max(small.servers for small in job.groups)):
            own = tuple(view if number < len(view.group.servers) else None for view in views)
            members[server_name(number)] = Keeper(job, own, number, symbols)
        for name, story in job.resumed.stories if job.resumed else ():
            members[name].story = story
        self.members = tuple(members)
        explorer = Explorer({"coordinator": Leader(job), **members}, self._check)  # type: ignore[dict-item]
        self.found: Explored = explorer.walk() if draw is None else explorer.wander(draw)

    def _check(self, roles: Mapping[str, Any], world: World) -> None:
        """While a checkpoint is written, everybody stands still at its place."""
        leader = roles["coordinator"]
        if leader.writing is None:
            return
        cursor = leader.writing
        assert not world.air, f"under way while the checkpoint at {cursor} is written: {sorted(world.air)}"
        for name in self.members:
            role = roles[name]
            if isinstance(role, Process) and role.number < self.job.groups[cursor.section].workers:
                assert (role.worker.waits, role.worker.step, role.machine.phase) == ("checkpoint", cursor.step, None), name
            elif isinstance(role, Keeper) and role.section == cursor.section and role.machine.acts:
                assert (role.machine.at, role.machine.step) == (0, cursor.step), name
        saved = Saved(cursor, tuple((name, roles[name].story) for name in self.members), leader.lines)
        assert self.saved.setdefault(cursor, saved) == saved, f"two checkpoints at {cursor} that are not alike"

    @property
    def ends(self) -> set[tuple[str, e.Cursor | None, Stories, tuple[Line, ...]]]:
        """How the job can end: its status, its last checkpoint, what all hold, what was measured."""
        found = set()
        for roles in self.found.ends:
            leader = roles["coordinator"]
            assert leader.end is not None, f"waiting for ever: {self._waiting(roles)}"
            stories = tuple((name, roles[name].story) for name in self.members)
            found.add((leader.end.status, leader.written, stories, leader.lines))
        return found

    def _waiting(self, roles: Mapping[str, Any]) -> dict[str, object]:
        waiting: dict[str, object] = {}
        for name in self.members:
            role = roles[name]
            waits = role.worker.waits if isinstance(role, Process) else None
            waiting[name] = (waits, role.machine.step, sorted(role.machine.mail.missing))
        return waiting

    def resumed(self, cursor: e.Cursor | None) -> Job:
        """The job that goes on from a checkpoint, or from its beginning; nobody wants to leave any more."""
        return replace(self.job, leaves=False, until=None, resumed=self.saved[cursor] if cursor else None)
