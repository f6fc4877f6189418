"""`singa exec`: runs a plan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalang.boundary import Exit
from singalang.surroundings import CACHE, cache_folder
from singalang.telling import DIAGNOSTICS, tell, wants_colour

if TYPE_CHECKING:
    from singalang_runtime.report.port import Reporter


@click.command("exec", short_help="Train what a plan says.")
@click.argument("plan", required=False, type=click.Path(path_type=Path))
@click.option(
    "--run", type=click.Path(path_type=Path), help="The run folder; default: the next free runs/JOB-N, with --resume the last."
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the data; default: the current one, with --resume the run's."
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint of a run; PLAN may be left out.")
@click.option(
    "--until", type=click.IntRange(min=1), help="Stop cleanly after this many steps of a train section, with a checkpoint."
)
@click.option("--local", is_flag=True, help="Do the work of all processes of the plan in this one, one after the other.")
@click.option(
    "--debug",
    is_flag=True,
    help="Tell how large the numbers of all layers are at every log line, which costs as much as a step; with several processes "
    "at every checkpoint, which costs seconds. Where the loss is not finite, look for the first layer however long it takes.",
)
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but mistakes.")
@CACHE
@DIAGNOSTICS
def command(
    plan: Path | None,
    run: Path | None,
    data: Path | None,
    resume: bool,
    until: int | None,
    local: bool,
    debug: bool,
    quiet: bool,
    no_cache: bool,
    form: str,
) -> int:
    """Train what PLAN says. Ctrl-C writes a checkpoint and leaves; a second one leaves at once.

    A plan of several workers and servers has a process for each; with --local this process is all of them, and ends where they
    would end.
    """
    if plan is None and not resume:
        raise click.UsageError("say which plan to run: `singa exec plan.json`")
    from singalang_runtime.execute import ExecRequest, execute

    request = ExecRequest(
        plan=plan,
        reporter=_reporter(quiet or form == "json"),
        run=run,
        data=data,
        resume=resume,
        until=until,
        local=local,
        debug=debug,
        cache=cache_folder(no_cache),
    )
    ended = execute(request)
    if ended.diagnostics or form == "json":
        tell(ended.diagnostics, form)
    return ended.code if ended.code else Exit.FINE


def _reporter(quiet: bool) -> Reporter:
    """A bar on a terminal, plain lines elsewhere."""
    from singalang_runtime.report.plain import Plain
    from singalang_runtime.report.silent import Silent

    if quiet:
        return Silent()
    if not sys.stdout.isatty():
        return Plain(sys.stdout)
    from rich.console import Console

    from singalang_runtime.report.terminal import Terminal

    return Terminal(Console(no_color=not wants_colour(sys.stdout)))
