"""`singa calibrate`: measures the speeds of this machine."""

from __future__ import annotations

from pathlib import Path

import click

from singalang.boundary import Exit
from singalang.replacing import CannotWrite, replacing
from singalang.telling import DIAGNOSTICS, tell


@click.command("calibrate", short_help="Measure the speeds of this machine.")
@click.option(
    "-o", "--output", default="machine.json", show_default=True, type=click.Path(path_type=Path), help="The machine file."
)
@click.option("--name", default="", help="Name of the machine; default: the host's.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but mistakes.")
@DIAGNOSTICS
def command(output: Path, name: str, quiet: bool, form: str) -> int:
    """Measure this machine, so that `singac --machine machine.json` predicts what programs will need here.

    It takes up to a minute, and is disturbed by whatever else the machine does meanwhile. Restrict it to some cores, as with
    `taskset`, to predict for these.
    """
    import msgspec

    from singalang_runtime.calibrate.calibrate import calibrate

    silent = quiet or form == "json"
    try:
        with replacing(output) as stream:
            machine = calibrate(lambda text: None if silent else click.echo(f"measuring {text}", err=True), name)
            stream.write(msgspec.json.format(msgspec.json.encode(machine)).decode() + "\n")
    except CannotWrite as fault:
        return tell((fault.diagnostic(),), form)
    if not silent:
        click.echo(f"wrote {output}; use it: singac PROGRAM --machine {output}", err=True)
    return tell((), form) if form == "json" else Exit.FINE
