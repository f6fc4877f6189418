"""Executes a job's state machines in one process: instructions become work, work becomes events. Decides nothing itself."""

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
    """A fault found in the middle of an instruction."""

    def __init__(self, fault: e.Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


class Host:
    """One process that is coordinator and worker at once.

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
        self._training: Training | None = None
        self._inbox: deque[e.WorkerEvent] = deque()
        self._end: i.EndJob | None = None
        self._begun = perf_counter()

    def run(self, resumed: Checkpoint | None, until: int | None) -> i.EndJob:
        """Runs the job from its beginning or from a checkpoint. May raise StorageFailed, BrokenData and DeviceFailed."""
        self._resumed = resumed
        cursor = self._cursor(resumed.manifest) if resumed else None
        self._worker = Worker(0, self._job.schedules, until)
        self._coordinator = Coordinator([1] * len(self._names), cursor, self._reporter.refresh_s)
        self._attention.on_look = self._look
        self._attention.at = perf_counter() + self._reporter.refresh_s
        try:
            return self._until_the_end()
        finally:
            if self._training is not None:
                self._training.close()

    def _until_the_end(self) -> i.EndJob:
        self._coordinate(e.JobStarted())
        while self._end is None:
            event = self._inbox.popleft()
            try:
                for instruction in self._worker.handle(event):
                    self._work(instruction)
            except _Faulty as found:
                self._inbox.clear()
                self._inbox.append(e.Faulted(found.fault))
        self._score()
        return self._end

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
                case i.Send(_, e.ProgressAsked() as asked):  # changes nothing, so it is answered at once
                    for answer in self._worker.handle(asked):
                        self._work(answer)
                case i.Send(_, message):
                    self._inbox.append(message)
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

    def _work(self, instruction: i.WorkerInstruction) -> None:
        match instruction:
            case i.Initialise(section):
                self._begin(section)
            case i.Restore(cursor):
                self._restore(cursor)
            case i.RunSteps():
                self._run_steps(instruction)
            case i.Gather():
                self._trained.gather()
                self._check_finite(self._trained.gathered())
            case i.Evaluate():
                self._evaluate(instruction)
            case i.ReadMetrics():
                self._mark()
                measures = self._trained.read()
                self._answer(e.Measured("train", measures))
            case i.Pause():
                pass  # it is alone, so whatever it did has ended
            case i.ReadProgress(section):
                measures = self._trained.measures()
                self._check_finite(measures)
                self._coordinate(e.Progressed(0, section, self._trained.step, measures))
            case i.Tell(event):
                self._coordinate(event)
            case _:
                assert_never(instruction)

    def _answer(self, event: e.WorkerEvent) -> None:
        """Tells the worker what became of an instruction; a wish to leave that was heard meanwhile goes first."""
        self._hear()
        self._inbox.append(event)

    def _hear(self) -> None:
        """Tells the coordinator that somebody wants the job to leave, where somebody does."""
        if self._attention.asked:
            self._attention.asked = False
            self._coordinate(e.LeaveRequested())

    @property
    def _trained(self) -> Training:
        assert self._training is not None, "a section has begun"
        return self._training

    def _open(self, section: int, step: int) -> Training:
        """The section's kernels, compiled; what the section before it learned is kept."""
        if self._training is not None:
            self._score()
            self._known |= self._training.learned()
            self._training.close()
            self._training = None
        plan = self._job.plan
        record = plan.sections[section]
        self.section, self.step, self._good = section, step, step
        self._reporter.section(self.view(section), step)
        self._reporter.stage("compiling")
        self.doing = f"compiling the kernels of `{record.name}`"
        training = Training(plan, record, self._job.feeds[section], self._job.schedules[section], self._load)
        self._compile_s = training.warm_up()
        self._pace = Pace(record.batch)
        return training

    def _begin(self, section: int) -> None:
        training = self._open(section, 0)
        self.doing = "making the first parameters"
        known, start = dict(self._known), self._job.starts[section]
        if start is not None:
            known |= start.read(training.layout.dtype)
        training.initialise(known)
        self._training = training
        self._answer(e.Ready())

    def _restore(self, cursor: e.Cursor) -> None:
        assert self._resumed is not None, "a cursor comes from a checkpoint"
        tensors = self._resumed.tensors
        training = self._open(cursor.section, cursor.step)
        training.restore(tensors, cursor.step)
        self._known = {key: tensors[key] for key in tensors if key.startswith(("parameters/", "state/"))}
        self.checkpoint = self._resumed.path.name
        self._resumed, self._training = None, training
        self._answer(e.Ready())

    def _run_steps(self, instruction: i.RunSteps) -> None:
        self.doing = f"training `{self._names[instruction.section]}`"
        self._mark()
        self.step = self._trained.run(instruction.first + instruction.count, self._attention)
        self._answer(e.StepsDone(self.step))

    def _evaluate(self, instruction: i.Evaluate) -> None:
        self.doing = f"measuring on the data of `{instruction.phase}`"
        self._reporter.stage({"val": "validating", "test": "testing", "train": "training"}[instruction.phase])
        measures = self._trained.evaluate(instruction.phase, instruction.batches, self._attention)
        if measures is None:
            self._answer(e.EvaluationCut())
        else:
            self._check_finite(measures)
            self._answer(e.Measured(instruction.phase, measures))

    def _write_checkpoint(self, cursor: e.Cursor) -> None:
        self.doing = "writing a checkpoint"
        training, record = self._trained, self._job.plan.sections[cursor.section]
        self._check_finite(training.measures())
        own = training.tensors()
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

    def _check_finite(self, measures: Sequence[e.Measure]) -> None:
        """Raises _Faulty where something measured is no number."""
        for measure in measures:
            if not math.isfinite(measure.total) or not math.isfinite(measure.weight):
                value = str(np.float64(measure.total)).replace("inf", "infinite").replace("nan", "not a number")
                raise _Faulty(e.Fault("not-finite", self._names[self.section], self._trained.step, self._good, measure.name, value))
        self._good = self._trained.step

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
        self._pace.mark(self._trained.seconds, self._trained.step)
        self.records_s = self._pace.records_s

    def _look(self) -> None:
        now = perf_counter()
        self._attention.at = now + self._reporter.refresh_s
        self._coordinate(e.Tick(now))

    def _score(self) -> None:
        """Notes how fast the section at hand was trained."""
        if self._training is not None:
            self.scores.append(section_score(self._training.section, self._training.timed, self._compile_s))

    def _trace(self, event: e.CoordinatorEvent) -> None:
        record = {"s": round(perf_counter() - self._begun, 3), "event": type(event).__name__} | msgspec.to_builtins(event)
        path = self._run.path / "trace.jsonl"
        with writing(path, "the trace"), path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")
