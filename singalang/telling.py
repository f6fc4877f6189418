"""How diagnostics reach a user: as text on the terminal, or as JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from singalang.boundary import Exit
from singalang_grammar.diagnostics import Diagnostic, Severity

DIAGNOSTICS = click.option(
    "--diagnostics", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How mistakes are told."
)


def tell(found: Sequence[Diagnostic], form: str = "text") -> Exit:
    """Prints diagnostics: text to stderr, JSON to stdout. Returns MISTAKE where any is an error."""
    if form == "json":
        from singalang_grammar.render.records import render_json

        click.echo(render_json(found))
    elif found:
        from singalang_grammar.render.terminal import render

        click.echo(render(found, colour=wants_colour(sys.stderr)), err=True)
        codes = sorted({one.code for one in found})
        click.echo(f"more about {'it' if len(codes) == 1 else 'each'}: singa explain {codes[0]}", err=True)
    return Exit.MISTAKE if any(one.severity is Severity.ERROR for one in found) else Exit.FINE


def wants_colour(stream: object) -> bool:
    """Whether to colour what goes to a stream: on a terminal, unless NO_COLOR is set (no-color.org)."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
