"""Tables of results and of runs, for a console."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Table

from singalang_runtime.metrics_file import Line
from singalang_runtime.report import words
from singalang_runtime.report.port import SectionView
from singalang_runtime.runs import RunDetails, RunView

_COLOURS = {"finished": "green", "failed": "red", "killed": "red", "running": "cyan"}


def results_table(lines: Sequence[Line], sections: Sequence[SectionView]) -> Table:
    """The last measurements: a row for each train section and phase, a column for each metric."""
    percent = {section.name: section.percent for section in sections}
    metrics = list(dict.fromkeys(name for line in lines for name, _ in line.metrics))
    table = Table(box=None, pad_edge=False)
    several = len({line.train for line in lines}) > 1
    for heading in [*(["train"] if several else []), "phase"]:
        table.add_column(heading)
    for heading in ("step", *metrics):
        table.add_column(escape(heading), justify="right")
    for line in lines:
        values = dict(line.metrics)
        cells = [words.value(name, values[name], percent.get(line.train, ())) if name in values else "" for name in metrics]
        table.add_row(*([escape(line.train)] if several else []), line.phase, str(line.step), *cells)
    return table


def runs_table(runs: Iterable[RunView]) -> Table:
    """A row for each run: what became of it, and its last test, else its last measurement."""
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "job", "status", "started", "step", "last"):
        table.add_column(heading, justify="right" if heading == "step" else "left", overflow="fold", no_wrap=heading == "started")
    for run in runs:
        colour = _COLOURS.get(run.status, "yellow")
        last = next((line for line in reversed(run.lines) if line.phase == "test"), run.lines[-1] if run.lines else None)
        measured = escape(f"{last.phase}  {words.metrics(_telling(last), run.percent)}") if last else ""
        started = run.state.started.replace("T", " ")[: len("2000-01-01 00:00")]
        status = f"[{colour}]{run.status}[/]"
        table.add_row(escape(run.path.name), escape(run.state.job), status, started, str(run.state.step), measured)
    return table


def _telling(line: Line) -> Sequence[tuple[str, float]]:
    """What to show of a measurement where room is short: the loss only where there is nothing else."""
    return [pair for pair in line.metrics if pair[0] != "loss"] or line.metrics


def details_table(details: RunDetails) -> Table:
    """What is known of one run."""
    state = details.view.state
    ended = f"{state.code}: {state.reason}" if state.code else state.reason or ""
    rows = {
        "run": str(details.view.path),
        "job": state.job,
        "status": details.view.status,
        "reason": ended,
        "started": state.started,
        "ended": state.ended or "",
        "section": state.section or "",
        "step": str(state.step),
        "resumed": {0: "", 1: "once"}.get(state.resumed, f"{state.resumed} times"),
        "data": state.data,
        "plan": details.plan.sha256[:16],
        "checkpoints": " ".join(details.checkpoints),
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column(overflow="fold")
    for name, text in rows.items():
        if text:
            table.add_row(name, escape(text))
    return table
