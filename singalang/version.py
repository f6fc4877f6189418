"""The option --version, which both commands have."""

from __future__ import annotations

import click


def _show(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"singalang {version('singalang')}")
        ctx.exit()


VERSION = click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show, help="Show the version and exit."
)
