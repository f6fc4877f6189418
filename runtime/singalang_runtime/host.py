"""Executes a job's state machines in one process: instructions become work, work becomes events. Decides nothing itself.

Coordinator and workers are here; what happens inside the steps of a group is for the section's `Crew`.
"""

from __future__ import annotations

from time import perf_counter
from typing import assert_never

from singalang_runtime.attention import Attention
from singalang_runtime.checkpoint.read import Checkpoint
from singalang_runtime.codes.e0902_kernel_failed import KernelFailed
from singalang_runtime.crew import Alone, Crew
from singalang_runtime.culprit.probe import Probe
from singalang_runtime.culprit.records import NO_PROBE, PROBE
from singalang_runtime.culprit.table import lines_of
from singalang_runtime.device import Device
from singalang_runtime.failing import JobFailed
from singalang_runtime.group.local import LocalGroup
from singalang_runtime.kernels import DeviceFailed
from singalang_runtime.labour import Labour
from singalang_runtime.layout import Array
from singalang_runtime.office import Office
from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.protocol.coordinator import Coordinator
from singalang_runtime.protocol.worker import Worker
from singalang_runtime.scorecard import SectionScore, section_score
from singalang_runtime.training import Training


class Host:
    """One process that is coordinator and all workers at once."""

    def __init__(self, office: Office, device: Device, attention: Attention, until: int | None, debug: bool = False) -> None:
        self.office = office
        self.scores: list[SectionScore] = []
        office.surroundings = device.surroundings
        self._load, self._attention, self._until, self._debug = device.load, attention, until, debug
        self._resumed: Checkpoint | None = None
        self._crew: Crew | None = None
        self._probe: Probe | None = None  # of the section at hand, once it was asked
        self._end: i.EndJob | None = None

    @property
    def _working(self) -> Crew:
        assert self._crew is not None, "a section has begun"
        return self._crew

    def run(self, resumed: Checkpoint | None) -> i.EndJob:
        """Runs the job from its beginning or from a checkpoint. Raises StorageFailed, BrokenData and JobFailed."""
        try:
            return self._run(resumed)
        except (DeviceFailed, MemoryError) as failure:
            reason = (str(failure).splitlines() or ["no memory left"])[0]
            raise JobFailed(KernelFailed(self.office.doing, reason).diagnostic()) from failure

    def abandon(self) -> i.EndJob:
        """Asked for the second time: the job is over at once."""
        self._coordinate(e.LeaveRequested())
        if self._end is None:  # the first time was not heard yet
            self._coordinate(e.LeaveRequested())
        assert self._end is not None
        return self._end

    def _run(self, resumed: Checkpoint | None) -> i.EndJob:
        job, office = self.office.job, self.office
        sizes = [section.group.workers if section.group else 1 for section in job.plan.sections]
        cursor = None
        if resumed is not None:
            office.compare_surroundings(resumed.manifest)
            cursor = office.go_on_from(resumed)
        if self._debug and any(PROBE not in section.kernels for section in job.plan.sections):
            office.reporter.note(f"norms are not known: {NO_PROBE}")
        self._resumed = resumed
        self._coordinator = Coordinator(sizes, cursor, office.reporter.refresh_s)
        machines = {number: Worker(number, job.schedules, self._until) for number in range(max(sizes))}
        self._labour = Labour(
            machines, office.names, begin=self._begin, tell=self._coordinate, before=self._before, looked=self._looked
        )
        self._attention.on_look = self._look
        self._attention.at = perf_counter() + office.reporter.refresh_s
        try:
            self._coordinate(e.JobStarted())
            while self._end is None:
                self._labour.go_on(self._attention)
            self._score()
            return self._end
        finally:
            if self._crew is not None:
                self._crew.close()

    def _coordinate(self, event: e.CoordinatorEvent) -> None:
        self.office.trace(event)
        for instruction in self._coordinator.handle(event):
            match instruction:
                case i.Send(worker, e.ProgressAsked() as asked):  # changes nothing, so it is answered at once
                    self._labour.hear_at_once(worker, asked)
                case i.Send(worker, message):
                    self._labour.hear(worker, message)
                case i.WriteCheckpoint(cursor):
                    self.office.write_checkpoint(cursor, self._working.tensors())
                    self._hear()
                    self._coordinate(e.Checkpointed(cursor.section, cursor.step))
                case i.RecordMetrics():
                    self.office.record(instruction)
                    self._tell_norms(instruction)
                case i.ShowProgress():
                    self._mark()
                    self.office.show(instruction)
                case i.EndJob():
                    self._end = instruction
                case _:
                    assert_never(instruction)

    def _tell_norms(self, record: i.RecordMetrics) -> None:
        """Tells how large everything is in the step that follows, if people want to know at every log line."""
        crew = self._working
        if not self._debug or record.phase != "train" or PROBE not in crew.section.kernels:
            return
        if self._probe is None or self._probe.section is not crew.section:
            self._probe = Probe(self.office.job.plan, crew.section, self.office.job.feeds[record.section], self._load)
        for line in lines_of(self._probe.measure(crew.tensors(), record.step)):
            self.office.reporter.note(line)

    def _before(self, instruction: i.WorkerInstruction) -> None:
        """Says what is being done."""
        office = self.office
        match instruction:
            case i.RunSteps(section, _, _):
                office.doing = f"training `{office.names[section]}`"
                self._mark()
            case i.ReadMetrics():
                self._mark()
            case i.Evaluate(_, phase, _, _):
                office.doing = f"measuring on the data of `{phase}`"
                office.reporter.stage({"val": "validating", "test": "testing", "train": "training"}[phase])

    def _looked(self) -> None:
        self.office.step = self._working.step
        self._hear()

    def _hear(self) -> None:
        """Tells the coordinator that somebody wants the job to leave, where somebody does."""
        if self._attention.asked:
            self._attention.asked = False
            self._coordinate(e.LeaveRequested())

    def _begin(self, section: int, cursor: e.Cursor | None) -> Crew:
        crew = self._open(section, cursor.step if cursor else 0)
        if cursor is not None:
            assert self._resumed is not None, "a cursor comes from a checkpoint"
            crew.restore(self._resumed.tensors, cursor.step)
            self._resumed, self._crew = None, crew
            return crew
        self.office.doing = "making the first parameters"
        known: dict[str, Array] = dict(self.office.known)
        start = self.office.job.starts[section]
        crew.initialise(known | start.read(crew.layout.dtype) if start is not None else known)
        self._crew = crew
        return crew

    def _open(self, section: int, step: int) -> Crew:
        """The section's crew, its kernels compiled; what the section before it learned is kept."""
        job = self.office.job
        if self._crew is not None:
            self._score()
            self.office.known |= self._crew.learned()
            self._crew.close()
            self._crew = None
        self.office.enter(section, step)
        plan, feed, schedule = job.plan, job.feeds[section], job.schedules[section]
        record = plan.sections[section]
        if record.group is None:
            return Alone(Training(plan, record, feed, schedule, self._load))
        return LocalGroup(plan, record, feed, schedule, self._load)

    def _mark(self) -> None:
        self.office.mark(self._working.seconds, self._working.step)

    def _look(self) -> None:
        now = perf_counter()
        self._attention.at = now + self.office.reporter.refresh_s
        self._coordinate(e.Tick(now))

    def _score(self) -> None:
        """Notes how fast the section at hand was trained."""
        crew = self._crew
        if crew is not None:
            self.scores.append(section_score(crew.section, crew.timed, crew.compile_s, crew.measured()))
