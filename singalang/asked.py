"""Options that `singa test` and `singa predict` share: which run, which checkpoint, which data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from singalang.telling import tell

Command = TypeVar("Command", bound=Callable[..., Any])


def of_a_run(command: Command) -> Command:
    """Adds the argument PLAN and the options --from and --checkpoint."""
    for option in (
        click.option("--checkpoint", help="A checkpoint by name, or `best`; default: the latest."),
        click.option(
            "--from", "run", metavar="RUN", help="A run folder, its name in runs/, or one checkpoint; default: PLAN's last."
        ),
        click.argument("plan", required=False, type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


def run_of(plan: Path | None, run: str | None, form: str) -> str | int:
    """The run that is meant; an exit code where none is, after telling why."""
    if run is not None:
        return run
    if plan is None:
        raise click.UsageError("say which run: `--from runs/NAME`, or a plan whose last run is meant")
    from singalang_runtime.plan_files import read_plan
    from singalang_runtime.runs import latest_run

    read = read_plan(plan)
    if read.value is None:
        return int(tell(read.diagnostics, form))
    last = latest_run(Path("runs"), read.value.name)
    if last is None:
        from singalang_runtime.codes.e0813_never_run import NeverRun

        return int(tell((NeverRun(read.value.name, str(plan), "runs").diagnostic(),), form))
    return str(last)
