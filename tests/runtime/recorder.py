"""A reporter that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from singalang_runtime.metrics_file import Line
from singalang_runtime.report.port import ProcessView, Progress, SectionView, Summary
from singalang_runtime.scorecard import SectionScore


@dataclass
class Recorder:
    """Remembers everything; `on_measured` is called at each line, `refresh_s` may be 0 to be told of every dispatch."""

    refresh_s: float = 3600.0
    on_measured: Callable[[Line], None] = lambda line: None
    on_progress: Callable[[Progress], None] = lambda progress: None
    told: list[object] = field(default_factory=list)
    views: list[tuple[ProcessView, ...]] = field(default_factory=list)
    closed: int = 0

    def begin(self, job: str, run: str, resumed: str | None) -> None:
        self.told.append(("begin", job, resumed))

    def section(self, section: SectionView, step: int) -> None:
        self.told.append(("section", section.name, step))

    def stage(self, text: str) -> None:
        self.told.append(("stage", text))

    def progress(self, progress: Progress) -> None:
        self.told.append(progress)
        self.on_progress(progress)

    def processes(self, rows: Sequence[ProcessView]) -> None:
        self.views.append(tuple(rows))

    def logged(self, process: str, line: str) -> None:
        self.told.append(("logged", process, line))

    def measured(self, section: SectionView, line: Line, records_s: float | None) -> None:
        self.told.append(line)
        self.on_measured(line)

    def checkpoint(self, name: str) -> None:
        self.told.append(("checkpoint", name))

    def note(self, text: str) -> None:
        self.told.append(("note", text))

    def scored(self, score: SectionScore) -> None:
        self.told.append(score)

    def end(self, summary: Summary) -> None:
        self.told.append(summary)

    def close(self) -> None:
        self.closed += 1

    @property
    def lines(self) -> list[Line]:
        return [one for one in self.told if isinstance(one, Line)]

    @property
    def summary(self) -> Summary:
        [found] = [one for one in self.told if isinstance(one, Summary)]
        return found
