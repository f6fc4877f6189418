"""Executes a job's state machines in one process: instructions become work, work becomes events. Decides nothing itself.

Coordinator and workers are here; what happens inside the steps of a group is for the section's `Crew`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import assert_never

import msgspec
import numpy as np

from singalang_runtime.attention import Attention
from singalang_runtime.binding import Load
from singalang_runtime.checkpoint.manifest import Manifest, folder_name
from singalang_runtime.checkpoint.read import Checkpoint
from singalang_runtime.checkpoint.write import write_checkpoint
from singalang_runtime.crew import Alone, Crew
from singalang_runtime.group.local import LocalGroup
from singalang_runtime.layout import Array
from singalang_runtime.metrics_file import Line
from singalang_runtime.opening import OpenJob
from singalang_runtime.pace import Pace
from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.protocol.coordinator import Coordinator
from singalang_runtime.protocol.worker import Worker
from singalang_runtime.report.port import Progress, Reporter, SectionView
from singalang_runtime.run_folder import RunFolder
from singalang_runtime.scorecard import SectionScore, section_score
from singalang_runtime.storage import writing
from singalang_runtime.training import Training


class _Faulty(Exception):
    """A fault of a worker's, found in the middle of an instruction."""

    def __init__(self, worker: int, fault: e.Fault) -> None:
        super().__init__(fault.kind)
        self.worker, self.fault = worker, fault


class Host:
    """One process that is coordinator and all workers at once.

    `platform` and `jax` go into checkpoints. `doing` says what is being done, for whoever must tell of its failure.
    """

    def __init__(
        self, job: OpenJob, run: RunFolder, load: Load, reporter: Reporter, attention: Attention, surroundings: tuple[str, str]
    ) -> None:
        self.doing = "starting"
        self.scores: list[SectionScore] = []
        self.lines: dict[tuple[str, str], Line] = {}
        self.checkpoint: str | None = None
        self.checkpoint_bytes: int | None = None
        self.section, self.step = 0, 0
        self.records_s: float | None = None
        self._job, self._run, self._load, self._reporter, self._attention = job, run, load, reporter, attention
        self._jax, self._platform = surroundings
        self._names = [section.name for section in job.plan.sections]
        self._known: dict[str, Array] = {}  # what earlier sections learned, by key
        self._resumed: Checkpoint | None = None
        self._crew: Crew | None = None
        self._inbox: deque[tuple[int, e.WorkerEvent]] = deque()
        self._good: dict[int, int] = {}  # by worker the last step known to be good
        self._end: i.EndJob | None = None
        self._begun = perf_counter()

    def run(self, resumed: Checkpoint | None, until: int | None) -> i.EndJob:
        """Runs the job from its beginning or from a checkpoint. May raise StorageFailed, BrokenData and DeviceFailed."""
        self._resumed = resumed
        cursor = self._cursor(resumed.manifest) if resumed else None
        sizes = [section.group.workers if section.group else 1 for section in self._job.plan.sections]
        self._workers = [Worker(number, self._job.schedules, until) for number in range(max(sizes))]
        self._coordinator = Coordinator(sizes, cursor, self._reporter.refresh_s)
        self._attention.on_look = self._look
        self._attention.at = perf_counter() + self._reporter.refresh_s
        try:
            return self._until_the_end()
        finally:
            if self._crew is not None:
                self._crew.close()

    def _until_the_end(self) -> i.EndJob:
        self._coordinate(e.JobStarted())
        while self._end is None:
            try:
                if self._inbox:
                    self._hand(*self._inbox.popleft())
                else:
                    self._advance()
            except _Faulty as found:
                self._inbox.clear()
                self._inbox.append((found.worker, e.Faulted(found.fault)))
        self._score()
        return self._end

    def _hand(self, worker: int, event: e.WorkerEvent) -> None:
        for instruction in self._workers[worker].handle(event):
            self._work(worker, instruction)

    def _advance(self) -> None:
        """Has the crew work; a wish to leave that was heard meanwhile goes before its answers."""
        answers = self._working.advance(self._attention)
        self.step = self._working.step
        self._hear()
        for worker, answer in answers:
            if isinstance(answer, e.Measured):
                self._check_finite(worker, answer.measures)
            self._inbox.append((worker, answer))

    def abandon(self) -> i.EndJob:
        """Asked for the second time: the job is over at once."""
        self._coordinate(e.LeaveRequested())
        if self._end is None:  # the first time was not heard yet
            self._coordinate(e.LeaveRequested())
        assert self._end is not None
        return self._end

    def view(self, section: int) -> SectionView:
        """A section, for people."""
        record = self._job.plan.sections[section]
        steps = self._job.schedules[section].steps
        return SectionView(record.name, section + 1, len(self._names), steps, record.metrics, record.metric_percent)

    def _cursor(self, manifest: Manifest) -> e.Cursor:
        return e.Cursor(self._names.index(manifest.section), manifest.step, manifest.done)

    def _coordinate(self, event: e.CoordinatorEvent) -> None:
        if not isinstance(event, e.Tick | e.Progressed | e.MetricsReported | e.CheckpointReady):
            self._trace(event)
        for instruction in self._coordinator.handle(event):
            match instruction:
                case i.Send(worker, e.ProgressAsked() as asked):  # changes nothing, so it is answered at once
                    self._hand(worker, asked)
                case i.Send(worker, message):
                    self._inbox.append((worker, message))
                case i.WriteCheckpoint(cursor):
                    self._write_checkpoint(cursor)
                case i.RecordMetrics():
                    self._record(instruction)
                case i.ShowProgress():
                    self._show(instruction)
                case i.EndJob():
                    self._end = instruction
                case _:
                    assert_never(instruction)

    def _work(self, worker: int, instruction: i.WorkerInstruction) -> None:
        match instruction:
            case i.Initialise(section):
                self._begin(worker, section)
            case i.Restore(cursor):
                self._restore(worker, cursor)
            case i.RunSteps(section, first, count):
                self.doing = f"training `{self._names[section]}`"
                self._mark()
                self._working.run(worker, first + count)
            case i.Gather():
                self._working.gather(worker)
                self._check_finite(worker, self._working.gathered(worker))
            case i.Evaluate(_, phase, _, batches):
                self.doing = f"measuring on the data of `{phase}`"
                self._reporter.stage({"val": "validating", "test": "testing", "train": "training"}[phase])
                self._working.evaluate(worker, phase, batches)
            case i.ReadMetrics():
                self._mark()
                self._inbox.append((worker, e.Measured("train", self._working.read(worker))))
            case i.Pause():
                self._inbox.extend((worker, answer) for answer in self._working.pause(worker))
            case i.ReadProgress(section):
                measures = self._working.measures(worker)
                self._check_finite(worker, measures)
                self._coordinate(e.Progressed(worker, section, self._working.step_of(worker), measures))
            case i.Tell(event):
                self._coordinate(event)
            case _:
                assert_never(instruction)

    def _hear(self) -> None:
        """Tells the coordinator that somebody wants the job to leave, where somebody does."""
        if self._attention.asked:
            self._attention.asked = False
            self._coordinate(e.LeaveRequested())

    @property
    def _working(self) -> Crew:
        assert self._crew is not None, "a section has begun"
        return self._crew

    def _open(self, section: int, step: int) -> Crew:
        """The section's crew, its kernels compiled; what the section before it learned is kept."""
        if self._crew is not None:
            self._score()
            self._known |= self._crew.learned()
            self._crew.close()
            self._crew = None
        plan, feed, schedule = self._job.plan, self._job.feeds[section], self._job.schedules[section]
        record = plan.sections[section]
        self.section, self.step, self._began_at, self._good = section, step, step, {}
        self._reporter.section(self.view(section), step)
        self._reporter.stage("compiling")
        self.doing = f"compiling the kernels of `{record.name}`"
        if record.group is None:
            crew: Crew = Alone(Training(plan, record, feed, schedule, self._load))
        else:
            crew = LocalGroup(plan, record, feed, schedule, self._load)
        self._pace = Pace(record.batch)
        return crew

    def _begin(self, worker: int, section: int) -> None:
        """The first worker that begins brings the others along."""
        if worker == 0:
            crew = self._open(section, 0)
            self.doing = "making the first parameters"
            known, start = dict(self._known), self._job.starts[section]
            if start is not None:
                known |= start.read(crew.layout.dtype)
            crew.initialise(known)
            self._crew = crew
            self._hear()
        self._inbox.append((worker, e.Ready()))

    def _restore(self, worker: int, cursor: e.Cursor) -> None:
        if worker == 0:
            assert self._resumed is not None, "a cursor comes from a checkpoint"
            tensors = self._resumed.tensors
            crew = self._open(cursor.section, cursor.step)
            crew.restore(tensors, cursor.step)
            self._known = {key: tensors[key] for key in tensors if key.startswith(("parameters/", "state/"))}
            self.checkpoint = self._resumed.path.name
            self._resumed, self._crew = None, crew
            self._hear()
        self._inbox.append((worker, e.Ready()))

    def _write_checkpoint(self, cursor: e.Cursor) -> None:
        self.doing = "writing a checkpoint"
        crew, record = self._working, self._job.plan.sections[cursor.section]
        for worker in self._coordinator.workers:
            self._check_finite(worker, crew.measures(worker))
        own = crew.tensors()
        others = {key: tensor for key, tensor in self._known.items() if key not in own}
        manifest = Manifest(
            plan_sha256=self._job.plan.sha256,
            model="",
            section=record.name,
            step=cursor.step,
            done=cursor.done,
            seed=record.seed,
            metrics_bytes=self._run.metrics.sync(),
            jax=self._jax,
            platform=self._platform,
            data=dict(self._job.feeds[cursor.section].fingerprint),
            tensors={},
            files={},
        )
        name = folder_name(self._names, record.name, cursor.step)
        self.checkpoint_bytes = write_checkpoint(self._run.checkpoints / name, others | own, manifest)
        self.checkpoint = name
        self._reporter.checkpoint(name)
        self._run.set_state(msgspec.structs.replace(self._run.state, section=record.name, step=cursor.step))
        self._hear()
        self._coordinate(e.Checkpointed(cursor.section, cursor.step))

    def _check_finite(self, worker: int, measures: Sequence[e.Measure]) -> None:
        """Raises _Faulty where something that a worker measured is no number."""
        step = self._working.step_of(worker)
        for measure in measures:
            if not math.isfinite(measure.total) or not math.isfinite(measure.weight):
                value = str(np.float64(measure.total)).replace("inf", "infinite").replace("nan", "not a number")
                since = self._good.get(worker, self._began_at)
                raise _Faulty(worker, e.Fault("not-finite", self._names[self.section], step, since, measure.name, value))
        self._good[worker] = step

    def _record(self, record: i.RecordMetrics) -> None:
        values = tuple((measure.name, measure.value) for measure in record.measures if measure.weight)
        if not values:
            return
        line = Line(self._names[record.section], record.phase, record.step, values)
        self._run.metrics.add(line)
        self.lines[line.train, line.phase] = line
        self._reporter.measured(self.view(record.section), line, self._pace.records_s)

    def _show(self, progress: i.ShowProgress) -> None:
        self._mark()
        values = tuple((measure.name, measure.value) for measure in progress.measures if measure.weight)
        view = self.view(progress.section)
        left = self._pace.left_s(view.steps - progress.step)
        self._reporter.progress(Progress(view, progress.step, values, self._pace.records_s, left))

    def _mark(self) -> None:
        self._pace.mark(self._working.seconds, self._working.step)
        self.records_s = self._pace.records_s

    def _look(self) -> None:
        now = perf_counter()
        self._attention.at = now + self._reporter.refresh_s
        self._coordinate(e.Tick(now))

    def _score(self) -> None:
        """Notes how fast the section at hand was trained."""
        if self._crew is not None:
            self.scores.append(section_score(self._crew.section, self._crew.timed, self._crew.compile_s, self._crew.measured()))

    def _trace(self, event: e.CoordinatorEvent) -> None:
        record = {"s": round(perf_counter() - self._begun, 3), "event": type(event).__name__} | msgspec.to_builtins(event)
        path = self._run.path / "trace.jsonl"
        with writing(path, "the trace"), path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")
