"""`singa why`: what was decided when a plan was made, and why."""

from __future__ import annotations

from pathlib import Path

import click

from singalang.boundary import Exit
from singalang.telling import DIAGNOSTICS, tell


@click.command("why", short_help="Say why a plan is as it is.")
@click.argument("plan", type=click.Path(path_type=Path))
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@DIAGNOSTICS
def command(plan: Path, name: str | None, as_json: bool, form: str) -> int:
    """Say what was decided when PLAN was made, why, and what else it might have been.

    NAME is a layer or a glob of layers, a parameter (fc1.weight), a connection (send(fc1)), a process (worker-1), a server, or one
    of processes, servers, dispatch, operations. Without a NAME all decisions are told, shortly.
    """
    from singalang.layout import Screen
    from singalang.why.asked import answers, is_pattern, known_names
    from singalang.why.printing import printed
    from singalang.why.told import as_data
    from singalang_runtime.codes.e0710_not_in_plan import NotInPlan
    from singalang_runtime.plan_files import read_plan

    read = read_plan(plan)
    if read.value is None:
        return tell(read.diagnostics, form)
    found = answers(read.value, name)
    if not found:
        assert name is not None
        return tell([NotInPlan(name, str(plan), tuple(known_names(read.value)), is_pattern(name)).diagnostic()], form)
    if as_json:
        import json

        click.echo(json.dumps([as_data(told) for told in found], indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(printed(found, Screen.of_stdout())))
    return Exit.FINE
