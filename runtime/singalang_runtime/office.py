"""What a coordinator does besides deciding: it writes metrics, checkpoints and the trace, and tells people. Knows no worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

import msgspec
import numpy as np

from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.checkpoint.manifest import Manifest, folder_name
from singalang_runtime.checkpoint.read import Checkpoint
from singalang_runtime.checkpoint.write import write_checkpoint
from singalang_runtime.codes.e0812_other_surroundings import OtherSurroundings
from singalang_runtime.failing import NotFinite
from singalang_runtime.layout import Array
from singalang_runtime.metrics_file import Line
from singalang_runtime.opening import OpenJob
from singalang_runtime.pace import Pace
from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.report.port import Progress, Reporter, SectionView
from singalang_runtime.run_folder import RunFolder
from singalang_runtime.storage import writing


class Office:
    """The desk of a job: what was measured and written so far, for whoever tells of it at the end.

    `after_checkpoint` is called with the name of each checkpoint. `surroundings`: version of JAX and the platform, which go into
    checkpoints. `doing` says what is being done, for whoever must
    tell of its failure. `known`: what earlier sections learned, by key. `found`: what people should be told besides.
    """

    def __init__(self, job: OpenJob, run: RunFolder, reporter: Reporter) -> None:
        self.doing = "starting"
        self.lines: dict[tuple[str, str], Line] = {}
        self.checkpoint: str | None = None
        self.checkpoint_bytes: int | None = None
        self.section, self.step = 0, 0
        self.records_s: float | None = None
        self.known: dict[str, Array] = {}
        self.found: list[Diagnostic] = []
        self.after_checkpoint: Callable[[str], None] = lambda name: None
        self.surroundings = ("", "")
        self.job, self.folder, self.reporter = job, run, reporter
        self.names = [section.name for section in job.plan.sections]
        self._begun = perf_counter()
        self._pace = Pace(1)
        self._sound = 0  # the step of the last checkpoint, else that in which the section began here

    def go_on_from(self, checkpoint: Checkpoint) -> e.Cursor:
        """The job goes on from a checkpoint; returns the place. The surroundings are known."""
        manifest, tensors = checkpoint.manifest, checkpoint.tensors
        self.known = {key: tensors[key] for key in tensors if key.startswith(("parameters/", "state/"))}
        self.checkpoint = checkpoint.path.name
        return e.Cursor(self.names.index(manifest.section), manifest.step, manifest.done)

    def compare_surroundings(self, manifest: Manifest) -> None:
        """Tells people where a checkpoint was made by another JAX or on another platform than this."""
        then = (manifest.jax, manifest.platform)
        if then != self.surroundings:
            words = ["JAX {} on {}".format(*each) for each in (then, self.surroundings)]
            self.found.append(OtherSurroundings(str(self.folder.path), *words).diagnostic())

    def view(self, section: int) -> SectionView:
        """A section, for people."""
        record = self.job.plan.sections[section]
        steps = self.job.schedules[section].steps
        return SectionView(record.name, section + 1, len(self.names), steps, record.metrics, record.metric_percent)

    def enter(self, section: int, step: int) -> None:
        """A section begins, or goes on at a step: its kernels are compiled now."""
        record = self.job.plan.sections[section]
        self.section, self.step, self._sound = section, step, step
        self.reporter.section(self.view(section), step)
        self.reporter.stage("compiling")
        self.doing = f"compiling the kernels of `{record.name}`"
        self._pace = Pace(record.batch)

    def write_checkpoint(self, cursor: e.Cursor, own: Mapping[str, Array]) -> None:
        """Writes the tensors of a section, with those that earlier ones learned. Raises StorageFailed, and NotFinite where a
        parameter is spoilt, which the loss does not tell before the next step."""
        self.doing = "writing a checkpoint"
        record = self.job.plan.sections[cursor.section]
        for key, tensor in own.items():
            if key.startswith("parameters/") and not np.isfinite(tensor).all():
                raise NotFinite(e.Fault("not-finite", record.name, cursor.step, self._sound, key.partition("/")[2], "not finite"))
        self._sound = cursor.step
        others = {key: tensor for key, tensor in self.known.items() if key not in own}
        jax, platform = self.surroundings
        manifest = Manifest(
            plan_sha256=self.job.plan.sha256,
            model="",
            section=record.name,
            step=cursor.step,
            done=cursor.done,
            seed=record.seed,
            metrics_bytes=self.folder.metrics.sync(),
            jax=jax,
            platform=platform,
            data=dict(self.job.feeds[cursor.section].fingerprint),
            tensors={},
            files={},
        )
        name = folder_name(self.names, record.name, cursor.step)
        self.checkpoint_bytes = write_checkpoint(self.folder.checkpoints / name, {**others, **own}, manifest)
        self.checkpoint, self.step = name, cursor.step
        self.reporter.checkpoint(name)
        self.folder.set_state(msgspec.structs.replace(self.folder.state, section=record.name, step=cursor.step))
        self.after_checkpoint(name)

    def record(self, record: i.RecordMetrics) -> None:
        """Writes a line of metrics, if anything was measured."""
        values = tuple((measure.name, measure.value) for measure in record.measures if measure.weight)
        if not values:
            return
        line = Line(self.names[record.section], record.phase, record.step, values)
        self.folder.metrics.add(line)
        self.lines[line.train, line.phase] = line
        self.reporter.measured(self.view(record.section), line, self._pace.records_s)

    def show(self, progress: i.ShowProgress) -> None:
        """Tells how far the job is."""
        values = tuple((measure.name, measure.value) for measure in progress.measures if measure.weight)
        view = self.view(progress.section)
        left = self._pace.left_s(view.steps - progress.step)
        self.reporter.progress(Progress(view, progress.step, values, self._pace.records_s, left))

    def mark(self, seconds: float, step: int) -> None:
        """So many steps took so many seconds of training."""
        self._pace.mark(seconds, step)
        self.records_s = self._pace.records_s

    def trace(self, event: e.CoordinatorEvent) -> None:
        """Writes an event that the coordinator heard into `trace.jsonl`, unless it is one of many."""
        if not isinstance(event, e.Tick | e.Progressed | e.MetricsReported | e.CheckpointReady):
            self.note(type(event).__name__, msgspec.to_builtins(event))

    def note(self, event: str, facts: Mapping[str, object]) -> None:
        """Writes something rare into `trace.jsonl`. `s`: seconds since the job began here."""
        record = {"s": round(perf_counter() - self._begun, 3), "event": event, **facts}
        path = self.folder.path / "trace.jsonl"
        with writing(path, "the trace"), path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")
