"""`singa fmt`: programs in canonical layout."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import click

from singalang.boundary import Exit
from singalang.replacing import CannotWrite, replacing
from singalang.telling import DIAGNOSTICS, tell
from singalang_grammar.diagnostics import Outcome


@click.command("fmt", short_help="Bring programs into canonical layout.")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@DIAGNOSTICS
def command(files: tuple[str, ...], check: bool, diff: bool, form: str) -> int:
    """Bring .singa FILES into canonical layout. Comments are kept; a file with syntax errors is left alone."""
    worst: int = Exit.FINE
    for file in files:
        worst = max(worst, _format(file, check, diff, form))
    return worst


def _format(file: str, check: bool, diff: bool, form: str) -> int:
    outcome = _formatted(file)
    if outcome.value is None:
        return tell(outcome.diagnostics, form)
    before, after = outcome.value
    if before == after:
        return Exit.FINE
    if diff:
        lines = unified_diff(before.splitlines(True), after.splitlines(True), file, f"{file} (formatted)")
        click.echo("".join(line if line.endswith("\n") else line + "\n" for line in lines), nl=False)
    if check:
        click.echo(f"{file} would change", err=True)
        return Exit.MISTAKE
    if not diff:
        try:
            with replacing(Path(file)) as stream:
                stream.write(after)
        except CannotWrite as fault:
            return tell((fault.diagnostic(),), form)
        click.echo(f"formatted {file}", err=True)
    return Exit.FINE


def _formatted(file: str) -> Outcome[tuple[str, str]]:
    """The text of a file and its canonical layout."""
    from singalang_grammar.format.program import format_program
    from singalang_grammar.parse.parser import parse
    from singalang_grammar.read import read_source

    read = read_source(file)
    if read.value is None:
        return Outcome(None, read.diagnostics)
    parsed = parse(read.value)
    if parsed.failed or parsed.value is None:
        return Outcome(None, parsed.diagnostics)
    return Outcome((read.value.text, format_program(parsed.value)))
