"""`singa test`: how good a trained net is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from singalang.asked import of_a_run, run_of
from singalang.boundary import Exit
from singalang.surroundings import CACHE, cache_folder
from singalang.telling import DIAGNOSTICS, tell


@click.command("test", short_help="Measure a trained net on test data.")
@of_a_run
@click.option("--phase", type=click.Choice(["test", "val"]), default="test", show_default=True, help="Whose data.")
@click.option("--batches", type=click.IntRange(min=1), help="Measure this many batches only.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the data; default: the run's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@CACHE
@DIAGNOSTICS
def command(
    plan: Path | None,
    run: str | None,
    checkpoint: str | None,
    phase: str,
    batches: int | None,
    data: Path | None,
    as_json: bool,
    no_cache: bool,
    form: str,
) -> int:
    """Measure a trained net on the test data of its PLAN."""
    from singalang_runtime.test import TestRequest, test

    named = run_of(plan, run, form)
    if isinstance(named, int):
        return named
    request = TestRequest(
        run=named,
        checkpoint=checkpoint,
        phase="val" if phase == "val" else "test",
        batches=batches,
        data=data,
        cache=cache_folder(no_cache),
    )
    outcome = test(request)
    status = tell(outcome.diagnostics, form) if outcome.diagnostics or form == "json" else Exit.FINE
    if outcome.value is None:
        return status
    report = outcome.value
    if as_json:
        line = {"train": report.line.train, "phase": report.line.phase, "step": report.line.step, **dict(report.line.metrics)}
        click.echo(json.dumps(line | {"records": report.records, "checkpoint": str(report.checkpoint)}))
    else:
        from singalang_runtime.report import words

        values = words.metrics(report.line.metrics, report.section.metric_percent)
        click.echo(f"{report.line.phase}  {values}  ({report.records} records, {report.checkpoint})")
    return status
