"""A reporter that says nothing: for callers from Python."""

from __future__ import annotations

from collections.abc import Sequence

from singalang_runtime.metrics_file import Line
from singalang_runtime.report.port import ProcessView, Progress, SectionView, Summary
from singalang_runtime.scorecard import SectionScore


class Silent:
    """Says nothing."""

    refresh_s = 3600.0

    def begin(self, job: str, run: str, resumed: str | None) -> None:
        """Nothing."""

    def section(self, section: SectionView, step: int) -> None:
        """Nothing."""

    def stage(self, text: str) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""

    def processes(self, rows: Sequence[ProcessView]) -> None:
        """Nothing."""

    def logged(self, process: str, line: str) -> None:
        """Nothing."""

    def measured(self, section: SectionView, line: Line, records_s: float | None) -> None:
        """Nothing."""

    def checkpoint(self, name: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def scored(self, score: SectionScore) -> None:
        """Nothing."""

    def end(self, summary: Summary) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
