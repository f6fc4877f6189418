"""A reporter that writes plain lines, for logs and pipes. Knows no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from singalang_runtime.metrics_file import Line
from singalang_runtime.report import words
from singalang_runtime.report.port import ProcessView, Progress, SectionView, Summary
from singalang_runtime.report.scores import told
from singalang_runtime.scorecard import SectionScore


class Plain:
    """Writes a line for each thing worth one: what was measured, and now and then how far the training is."""

    refresh_s = 10.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told = 0  # step of the last line

    def begin(self, job: str, run: str, resumed: str | None) -> None:
        """The job's name, its folder, and where it goes on."""
        self._say(f"{job}: {f'goes on from {resumed}' if resumed else 'run'} in {run}")

    def section(self, section: SectionView, step: int) -> None:
        """The section's name, where there are several."""
        self._told = step
        if section.count > 1:
            self._say(f"section {section.name} ({section.number} of {section.count})")

    def stage(self, text: str) -> None:
        """Nothing: it is over soon."""

    def progress(self, progress: Progress) -> None:
        """A line, unless one has just been written for this step."""
        if progress.step != self._told:
            self._line(progress.section, progress.step, "", progress.metrics, progress.records_s)

    def processes(self, rows: Sequence[ProcessView]) -> None:
        """Nothing: it is over soon."""

    def logged(self, process: str, line: str) -> None:
        """The line, behind the process's name."""
        self._say(f"{process} | {line}")

    def measured(self, section: SectionView, line: Line, records_s: float | None) -> None:
        """A line of metrics."""
        phase = "" if line.phase == "train" else line.phase
        self._line(section, line.step, phase, line.metrics, records_s if line.phase == "train" else None)

    def checkpoint(self, name: str) -> None:
        """Nothing: the summary names the last one."""

    def note(self, text: str) -> None:
        """The note."""
        self._say(text)

    def scored(self, score: SectionScore) -> None:
        """A line for the step and one for each process."""
        for line in told(score):
            self._say(line)

    def end(self, summary: Summary) -> None:
        """How it ended."""
        self._say(f"{summary.status}{words.ended(summary)}{words.how_to_go_on(summary)}")

    def close(self) -> None:
        """Nothing to leave behind."""
        self._stream.flush()

    def _line(
        self, section: SectionView, step: int, phase: str, values: tuple[tuple[str, float], ...], records_s: float | None
    ) -> None:
        self._told = step
        parts = [f"step {step}", phase, words.metrics(values, section.percent), words.rate(records_s) if records_s else ""]
        self._say("  ".join(part for part in parts if part))

    def _say(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
