"""`singa diff`: what two plans do otherwise."""

from __future__ import annotations

from pathlib import Path

import click

from singalang.boundary import Exit
from singalang.telling import DIAGNOSTICS, tell

DIFFERENT = 1
"""The exit code where there is a difference, as that of `diff`; mistakes are told with `Exit.USAGE`, 2."""


@click.command("diff", short_help="Say what differs between two plans.")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@DIAGNOSTICS
def command(before: Path, after: Path, as_json: bool, form: str) -> int:
    """Say what differs between the plans BEFORE and AFTER: in the program, in who does what, and in what it is predicted to cost.

    Layout, comments and the order of sections make no difference. Exits with 0 where nothing differs, with 1 where something
    does, and with 2 where the plans cannot be compared.
    """
    from singalang.differences.compare import compare
    from singalang.differences.printing import printed
    from singalang.layout import Screen
    from singalang_runtime.plan_files import read_plan

    reads = [read_plan(path) for path in dict.fromkeys((before, after))]
    if any(read.value is None for read in reads):
        tell([one for read in reads for one in read.diagnostics], form)
        return Exit.USAGE
    plans = [read.value for read in reads if read.value is not None]
    found = compare(plans[0], plans[-1])
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        click.echo("\n".join(printed(found, Screen.of_stdout())))
    return DIFFERENT if found.anything else Exit.FINE
