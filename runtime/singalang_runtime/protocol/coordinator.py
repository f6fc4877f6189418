"""The coordinator of a job as a state machine: it sends workers through the sections, lets them make checkpoints and leave
together, and adds up what they measure. No I/O, clock, thread or array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from singalang_runtime.protocol.events import (
    Begin,
    CanLeaveAt,
    Checkpointed,
    CheckpointReady,
    CheckpointWritten,
    CoordinatorEvent,
    Cursor,
    JobStarted,
    LeaveAsked,
    LeaveAt,
    LeaveRequested,
    Measure,
    MetricsReported,
    Phase,
    Place,
    ProgressAsked,
    Progressed,
    SectionFinished,
    Tick,
    WorkerEvent,
    WorkerFailed,
    WorkerLeft,
)
from singalang_runtime.protocol.instructions import (
    CoordinatorInstruction,
    EndJob,
    RecordMetrics,
    Send,
    ShowProgress,
    WriteCheckpoint,
)


class Coordinator:
    """The coordinator's view of a job: which section is trained, who has finished it, what is still to be added up.

    `workers`: how many workers each section has; those that a section does not need are left alone in it. `cursor`: where to go
    on, None for a new job. `progress_s`: seconds between two looks at how far the workers are. What it sends to a worker, and a
    worker to it, must arrive in order.
    """

    def __init__(self, workers: Sequence[int], cursor: Cursor | None = None, progress_s: float = 0.25) -> None:
        self.progress_s = progress_s
        self.sizes = tuple(workers)
        self.cursor = cursor
        self.leaving = False
        self.over = False
        self.asked_s: float | None = None  # when progress was last asked for
        self._enter(cursor.section if cursor else 0)

    def _enter(self, section: int) -> None:
        self.section = section
        self.workers = tuple(range(self.sizes[section]))
        self.training = set(self.workers)  # workers that have not finished the section
        self.staying = set(self.workers)  # workers that have not left
        self.reports: dict[tuple[Phase, int], dict[int, tuple[Measure, ...]]] = {}  # by phase and step, then worker
        self.progress: dict[int, Progressed] = {}  # by worker
        self.cursors: dict[int, Cursor] = {}  # of workers that wait for a checkpoint
        self.places: dict[int, Place] = {}  # where workers can stand first

    def handle(self, event: CoordinatorEvent) -> list[CoordinatorInstruction]:
        """What to do next. After the job is over, nothing."""
        if self.over:
            return []
        match event:
            case JobStarted():
                return self._to_all(Begin(self.section, self.cursor))
            case MetricsReported():
                return self._reported(event)
            case Progressed():
                return self._progressed(event)
            case CheckpointReady(worker, cursor):
                return self._ready(worker, cursor)
            case Checkpointed():
                return self._to_all(CheckpointWritten())
            case CanLeaveAt(worker, _, place):
                return self._can_leave(worker, place)
            case SectionFinished(worker, _):
                return self._finished(worker)
            case WorkerLeft(worker, _, _):
                self.staying.discard(worker)
                return [] if self.staying else self._end(EndJob("interrupted" if self.leaving else "stopped"))
            case WorkerFailed(_, fault):
                return self._end(EndJob("failed", fault))
            case LeaveRequested():
                return self._asked_to_leave()
            case Tick(now_s):
                return self._tick(now_s)
            case _:
                assert_never(event)

    def _to_all(self, event: WorkerEvent) -> list[CoordinatorInstruction]:
        return [Send(worker, event) for worker in self.workers]

    def _end(self, end: EndJob) -> list[CoordinatorInstruction]:
        self.over = True
        return [end]

    def _reported(self, event: MetricsReported) -> list[CoordinatorInstruction]:
        reports = self.reports.setdefault((event.phase, event.step), {})
        assert event.worker not in reports, f"coordinator: worker {event.worker} measured twice: {event}"
        reports[event.worker] = event.measures
        if len(reports) < len(self.workers):
            return []
        del self.reports[event.phase, event.step]
        measures = added([reports[worker] for worker in self.workers])
        return [RecordMetrics(event.section, event.phase, event.step, measures)]

    def _progressed(self, event: Progressed) -> list[CoordinatorInstruction]:
        """Shows how far the last worker is, once all have told."""
        self.progress[event.worker] = event
        if len(self.progress) < len(self.workers):
            return []
        told, self.progress = self.progress, {}
        measures = added([told[worker].measures for worker in self.workers])
        return [ShowProgress(event.section, min(one.step for one in told.values()), measures)]

    def _ready(self, worker: int, cursor: Cursor) -> list[CoordinatorInstruction]:
        self.cursors[worker] = cursor
        assert set(self.cursors.values()) == {cursor}, f"coordinator: workers want checkpoints apart: {self.cursors}"
        if len(self.cursors) < len(self.workers):
            return []
        self.cursors = {}
        return [WriteCheckpoint(cursor)]

    def _can_leave(self, worker: int, place: Place) -> list[CoordinatorInstruction]:
        assert self.leaving and worker not in self.places, f"coordinator: worker {worker} was not asked where it can leave"
        self.places[worker] = place
        if len(self.places) < len(self.workers):
            return []
        return self._to_all(LeaveAt(max(self.places.values())))

    def _finished(self, worker: int) -> list[CoordinatorInstruction]:
        self.training.discard(worker)
        if self.training:
            return []
        if self.section + 1 == len(self.sizes):
            return self._end(EndJob("finished"))
        if self.leaving:
            return []  # each tells that it can leave here
        self._enter(self.section + 1)
        return self._to_all(Begin(self.section))

    def _asked_to_leave(self) -> list[CoordinatorInstruction]:
        if self.leaving:
            return self._end(EndJob("abandoned"))
        self.leaving = True
        return self._to_all(LeaveAsked())

    def _tick(self, now_s: float) -> list[CoordinatorInstruction]:
        if self.asked_s is not None and now_s - self.asked_s < self.progress_s:
            return []
        self.asked_s = now_s
        return self._to_all(ProgressAsked())


def added(measures: list[tuple[Measure, ...]]) -> tuple[Measure, ...]:
    """Measures of several workers as one, added in the order of the workers."""
    return tuple(
        Measure(same[0].name, sum(measure.total for measure in same), sum(measure.weight for measure in same))
        for same in zip(*measures, strict=True)
    )
