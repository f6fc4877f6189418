"""`singa runs`: what was run here."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from singalang.boundary import Exit
from singalang.telling import DIAGNOSTICS, tell, wants_colour

if TYPE_CHECKING:
    from rich.console import Console

    from singalang_runtime.runs import RunDetails, RunView


@click.command("runs", short_help="List the runs, or show one.")
@click.argument("run", required=False)
@click.option("--folder", default="runs", show_default=True, type=click.Path(path_type=Path), help="Where the runs are.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@DIAGNOSTICS
def command(run: str | None, folder: Path, as_json: bool, form: str) -> int:
    """List the runs, or show one RUN by its name or folder."""
    from singalang_runtime.runs import list_runs, show_run

    if run is None:
        found = list_runs(folder)
        if as_json:
            click.echo(json.dumps([_told(view) for view in found], indent=2))
        elif not found:
            click.echo(f"no runs in {folder}", err=True)
        else:
            _print_runs(found)
        return Exit.FINE
    outcome = show_run(run, folder)
    if outcome.value is None:
        return tell(outcome.diagnostics, form)
    if as_json:
        click.echo(json.dumps(_told(outcome.value.view) | {"checkpoints": list(outcome.value.checkpoints)}, indent=2))
    else:
        _print_run(outcome.value)
    return Exit.FINE


def _told(view: RunView) -> dict[str, Any]:
    lines = [{"train": line.train, "phase": line.phase, "step": line.step, **dict(line.metrics)} for line in view.lines]
    return {
        "run": str(view.path),
        "job": view.state.job,
        "status": view.status,
        "started": view.state.started,
        "step": view.state.step,
        "last": lines,
    }


def _print_runs(found: Sequence[RunView]) -> None:
    from singalang_runtime.report.tables import runs_table

    _console().print(runs_table(found))


def _print_run(details: RunDetails) -> None:
    from singalang_runtime.report.port import SectionView
    from singalang_runtime.report.tables import details_table, results_table

    console, plan = _console(), details.plan
    console.print(details_table(details))
    views = [
        SectionView(section.name, number, len(plan.sections), section.steps.steps or 0, section.metrics, section.metric_percent)
        for number, section in enumerate(plan.sections, 1)
    ]
    if details.view.lines:
        console.print()
        console.print(results_table(details.view.lines, views))


def _console() -> Console:
    from rich.console import Console

    return Console(no_color=not wants_colour(sys.stdout), highlight=False)
