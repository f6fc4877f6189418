"""How a run tells people what happens: the port that reporters stand behind. Knows no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from singalang_runtime.metrics_file import Line
from singalang_runtime.scorecard import SectionScore


@dataclass(frozen=True, slots=True)
class SectionView:
    """A train section for people. `percent`: the metrics that are read as percentages."""

    name: str
    number: int  # counted from 1
    count: int
    steps: int
    metrics: tuple[str, ...]
    percent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the training is. `metrics`: means since the last line of the log. `left_s`: seconds to the section's end."""

    section: SectionView
    step: int
    metrics: tuple[tuple[str, float], ...]
    records_s: float | None
    left_s: float | None


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process of a group for people. `for_s`: seconds that it has been doing this. `shares`: the parts of its time of late in
    which it computed, waited and moved bytes (None: no step yet). `waited_s`: in all its steps. `memory_bytes`: what it holds; 0
    where that is not known."""

    name: str
    roles: tuple[str, ...]
    step: int
    doing: str
    for_s: float
    shares: tuple[float, float, float] | None
    waited_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended. `lines`: the last measurement of each section and phase. `seconds`: of this process alone. `several`: it did
    the work of several processes."""

    status: str
    run: str
    sections: tuple[SectionView, ...]
    lines: tuple[Line, ...]
    step: int
    records_s: float | None
    seconds: float
    checkpoint: str | None
    several: bool = False


class Reporter(Protocol):
    """Someone who is told. `refresh_s`: seconds between two reports of progress."""

    @property
    def refresh_s(self) -> float:
        """Seconds between two reports of progress."""

    def begin(self, job: str, run: str, resumed: str | None) -> None:
        """A job begins in a run folder; `resumed` names the checkpoint it goes on from."""

    def section(self, section: SectionView, step: int) -> None:
        """A train section begins, or goes on, at a step."""

    def stage(self, text: str) -> None:
        """Something that takes a while begins, such as compiling."""

    def progress(self, progress: Progress) -> None:
        """The training is so far."""

    def processes(self, rows: Sequence[ProcessView]) -> None:
        """The processes of the section's group are so far; told every `refresh_s`, from their start on."""

    def logged(self, process: str, line: str) -> None:
        """A process wrote a line to its log."""

    def measured(self, section: SectionView, line: Line, records_s: float | None) -> None:
        """A line of metrics was written."""

    def checkpoint(self, name: str) -> None:
        """A checkpoint was written."""

    def note(self, text: str) -> None:
        """Something that people should know."""

    def scored(self, score: SectionScore) -> None:
        """The processes of a group have trained a section: what was predicted beside what was measured."""

    def end(self, summary: Summary) -> None:
        """The run is over."""

    def close(self) -> None:
        """Leaves the terminal as it was, whatever happened; may be called again."""
