"""The two commands: `singac` compiles, `singa` does everything else. Each subcommand is imported when it is used."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path

import click

from singalang.boundary import guarded
from singalang.version import VERSION

_COMMANDS = Path(__file__).parent / "commands"


class _Commands(click.Group):
    """The subcommands of `singa`: the file `commands/NAME.py` holds the command NAME in its variable `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the subcommands."""
        return sorted(path.stem for path in _COMMANDS.glob("*.py") if path.stem not in ("__init__", "singac"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of a name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"singalang.commands.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand that is called; says what was meant where there is none of that name."""
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            from singalang_grammar.diagnostics import did_you_mean

            hint = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no command `{args[0]}`" + (f"; {hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@VERSION
def _singa() -> None:
    """Run, test and look at what `singac` compiled; format and explain programs."""


def singa() -> None:
    """Entry point of `singa`."""
    sys.exit(guarded(_singa, "singa"))


def singac() -> None:
    """Entry point of `singac`. Checking makes many objects and few cycles, so the collector would only walk them in vain."""
    gc.disable()
    from singalang.commands.singac import command

    sys.exit(guarded(command, "singac"))
