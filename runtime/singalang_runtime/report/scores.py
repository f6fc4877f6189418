"""Predictions beside measurements, for a console and for a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from rich.markup import escape
from rich.table import Table

from singalang_compiler.sizes import size_text
from singalang_runtime.report import words
from singalang_runtime.scorecard import ProcessScore, Score, SectionScore

_MOST = 8
"""Processes that are told one by one."""
_As: TypeAlias = Callable[[float], str]


def score_table(score: SectionScore) -> Table:
    """A row for the time of a step and for each kind of bytes that moved."""
    table = Table(box=None, pad_edge=False)
    table.add_column(escape(f"section {score.name}"))
    for heading in ("predicted", "measured", "ratio"):
        table.add_column(heading, justify="right")
    for name, one, text in _rows(score):
        table.add_row(name, *(text(value) if value is not None else "" for value in (one.predicted, one.measured)), _ratio(one))
    return table


def processes_table(score: SectionScore) -> Table:
    """A row for each of the first processes: what was measured, and its ratio to the prediction."""
    table = Table(box=None, pad_edge=False)
    table.add_column("process")
    for heading in ("memory", "computes", "moves", "waits"):
        table.add_column(heading, justify="right")
    for name, one in list(score.processes.items())[:_MOST]:
        table.add_row(escape(name), *(_with_ratio(each, text) for each, text in _parts(one)))
    if len(score.processes) > _MOST:
        table.add_row(f"and {len(score.processes) - _MOST} more")
    return table


def told(score: SectionScore) -> Iterator[str]:
    """Lines of a log: the step and the bytes, then each of the first processes."""
    rows = "  ".join(f"{name} {_with_ratio(one, text)}" for name, one, text in _rows(score))
    yield f"section {score.name}, measured (and how many times what was predicted): {rows}"
    for name, one in list(score.processes.items())[:_MOST]:
        memory, computes, moves, waits = (_with_ratio(each, text) for each, text in _parts(one))
        yield f"{name}: memory {memory}  computes {computes}  moves {moves}  waits {waits} a step"


def _rows(score: SectionScore) -> Iterator[tuple[str, Score, _As]]:
    ratio = score.median_step_s / score.predicted_step_s if score.median_step_s and score.predicted_step_s else None
    yield "step", Score(predicted=score.predicted_step_s, measured=score.median_step_s, ratio=ratio), words.short_time
    for link, one in score.link_step_bytes.items():
        if one.predicted or one.measured:
            yield link, one, size_text


def _parts(one: ProcessScore) -> tuple[tuple[Score, _As], ...]:
    times = ((each, words.short_time) for each in (one.compute_s, one.moving_s, one.waiting_s))
    return (one.memory_bytes, size_text), *times


def _with_ratio(one: Score, text: _As) -> str:
    ratio = f" ({_ratio(one)})" if one.ratio is not None else ""
    return "-" if one.measured is None else text(one.measured) + ratio


def _ratio(one: Score) -> str:
    return "" if one.ratio is None else f"{one.ratio:.2f}"
