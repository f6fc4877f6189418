"""`singa predict`: what a trained net says of records, as CSV."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalang.asked import of_a_run, run_of
from singalang.boundary import Exit
from singalang.replacing import CannotWrite, Discard, replacing
from singalang.surroundings import CACHE, cache_folder
from singalang.telling import DIAGNOSTICS, tell
from singalang_grammar.diagnostics import Outcome

if TYPE_CHECKING:
    from singalang_runtime.predict import PredictReport


@click.command("predict", short_help="Write what a trained net predicts, as CSV.")
@of_a_run
@click.option(
    "--data", "source", metavar="SOURCE", help="Where the records are, as in a program: 'csv(\"new.csv\")'; default: the test data."
)
@click.option("--root", type=click.Path(path_type=Path), help="Folder that relative paths lie in; default: the run's.")
@click.option("--top-k", type=click.IntRange(min=1), default=1, show_default=True, help="How many classes a row.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A CSV file; default: stdout.")
@CACHE
@DIAGNOSTICS
def command(
    plan: Path | None,
    run: str | None,
    checkpoint: str | None,
    source: str | None,
    root: Path | None,
    top_k: int,
    output: Path | None,
    no_cache: bool,
    form: str,
) -> int:
    """Write what a trained net predicts: a row for each record, in file order."""
    from singalang.source_option import read_source_option
    from singalang_runtime.predict import PredictRequest, predict

    named = run_of(plan, run, form)
    if isinstance(named, int):
        return named
    given = read_source_option(source)
    if given is not None and given.value is None:
        return tell(given.diagnostics, form)
    outcome: Outcome[PredictReport] = Outcome(None)
    try:
        with replacing(output) if output else nullcontext(sys.stdout) as out:
            request = PredictRequest(
                run=named,
                out=out,
                checkpoint=checkpoint,
                source=given.value if given else None,
                top_k=top_k,
                data=root,
                cache=cache_folder(no_cache),
            )
            outcome = predict(request)
            if outcome.value is None and output:
                raise Discard
    except CannotWrite as fault:
        return tell((fault.diagnostic(),), form)
    status = tell(outcome.diagnostics, form) if outcome.diagnostics else Exit.FINE
    if outcome.value is not None and output is not None:
        click.echo(f"wrote {outcome.value.records} rows to {output}", err=True)
    return status
