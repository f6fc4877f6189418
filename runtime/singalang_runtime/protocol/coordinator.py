"""The coordinator of a job as a state machine: it sends workers through the sections and adds up what they measure. No I/O,
clock, thread or array."""

from __future__ import annotations

from typing import assert_never

from singalang_runtime.protocol.events import (
    Begin,
    Checkpointed,
    CoordinatorEvent,
    Cursor,
    JobStarted,
    LeaveAsked,
    LeaveRequested,
    Measure,
    MetricsReported,
    Phase,
    ProgressAsked,
    Progressed,
    SectionFinished,
    Tick,
    WorkerEvent,
    WorkerFailed,
    WorkerLeft,
)
from singalang_runtime.protocol.instructions import CoordinatorInstruction, EndJob, RecordMetrics, Send, ShowProgress


class Coordinator:
    """The coordinator's view of a job: which section is trained, who has finished it, what is still to be added up.

    `cursor`: where to go on, None for a new job. `progress_s`: seconds between two looks at how far the workers are.
    """

    def __init__(self, sections: int, workers: int, cursor: Cursor | None = None, progress_s: float = 0.25) -> None:
        self.progress_s = progress_s
        self.sections = sections
        self.workers = tuple(range(workers))
        self.cursor = cursor
        self.section = cursor.section if cursor else 0
        self.waiting = set(self.workers)  # workers that have not finished the section
        self.leaving = False
        self.over = False
        self.asked_s: float | None = None  # when progress was last asked for
        self.reports: dict[tuple[Phase, int], dict[int, tuple[Measure, ...]]] = {}  # by phase and step, then worker

    def handle(self, event: CoordinatorEvent) -> list[CoordinatorInstruction]:
        """What to do next. After the job is over, nothing."""
        if self.over:
            return []
        match event:
            case JobStarted():
                return self._to_all(Begin(self.section, self.cursor))
            case MetricsReported():
                return self._reported(event)
            case Progressed(_, section, step, measures):
                return [ShowProgress(section, step, measures)]
            case Checkpointed():
                return []
            case SectionFinished(worker, _):
                return self._finished(worker)
            case WorkerLeft(worker, _, _):
                self.waiting.discard(worker)
                return [] if self.waiting else self._end(EndJob("interrupted" if self.leaving else "stopped"))
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
        reports[event.worker] = event.measures
        if len(reports) < len(self.workers):
            return []
        del self.reports[event.phase, event.step]
        measures = added([reports[worker] for worker in self.workers])
        return [RecordMetrics(event.section, event.phase, event.step, measures)]

    def _finished(self, worker: int) -> list[CoordinatorInstruction]:
        self.waiting.discard(worker)
        if self.waiting:
            return []
        if self.section + 1 == self.sections:
            return self._end(EndJob("finished"))
        if self.leaving:
            return self._end(EndJob("interrupted"))
        self.section += 1
        self.waiting = set(self.workers)
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
