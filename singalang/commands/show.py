"""`singa show`: a page that shows a plan."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from singalang.boundary import Exit
from singalang.replacing import CannotWrite, replacing
from singalang.telling import DIAGNOSTICS, tell


@click.command("show", short_help="Show a plan as a page for a browser.")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The page; default: PLAN with the ending .html; - for standard output.",
)
@DIAGNOSTICS
def command(plan: Path, output: Path | None, form: str) -> int:
    """Write one HTML page that shows PLAN: the net and how it is cut, who holds and does what, and why. It needs no network."""
    from singalang.show.page import page
    from singalang_runtime.plan_files import read_plan

    target = output or plan.with_suffix(".html")
    if target.resolve() == plan.resolve():
        raise click.UsageError("the page would take the place of the plan; say where to write it: `-o page.html`")
    read = read_plan(plan)
    if read.value is None:
        return tell(read.diagnostics, form)
    text = page(read.value)
    if str(target) == "-":
        sys.stdout.write(text)
        return Exit.FINE
    try:
        with replacing(target) as stream:
            stream.write(text)
    except CannotWrite as fault:
        return tell([fault.diagnostic()], form)
    if form == "json":
        return tell((), form)
    click.echo(f"wrote {target}")
    return Exit.FINE
