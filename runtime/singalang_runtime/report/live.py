"""What moves on a terminal: a bar, and under it a table of the processes that train. Knows no process and no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from singalang_runtime.report.port import ProcessView

_MOST = 16
"""Processes that are shown at most, even where there is room for more."""
_LONG_S = 2.0
"""What takes longer is told with its seconds, unless it is training."""
_PREPARES = ("starting", "compiling", "opening", "preparing")


class Drawing:
    """The bar of a console, and below it the table of processes where there are `rows`; drawn as they are then."""

    def __init__(self, console: Console, bar: Progress) -> None:
        self.rows: Sequence[ProcessView] = ()
        self._console, self._bar = console, bar

    def __rich__(self) -> RenderableType:
        """What is drawn now; a table takes half of the height at most."""
        return Group(self._bar, live_table(self.rows, self._console.height // 2)) if self.rows else self._bar


def live_table(rows: Sequence[ProcessView], room: int) -> RenderableType:
    """A row for each process; of more than fit into `room` lines those that the others wait for, and how many more there are."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("process", no_wrap=True, overflow="ellipsis")
    table.add_column("step", justify="right", no_wrap=True)
    table.add_column("doing", no_wrap=True, min_width=len("compiling 12 s"))
    for heading in ("computes", "waits", "moves"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("memory", justify="right", no_wrap=True, min_width=len("1000 MiB"))
    shown = _fitting(rows, room)
    for row in shown:
        table.add_row(Text(_name(row)), str(row.step), _doing(row), *_shares(row), _memory(row.memory_bytes))
    hidden = len(rows) - len(shown)
    word = "faster" if any(row.waited_s for row in rows) else "more"
    return Group(table, Text(f"and {hidden} {word}", style="dim")) if hidden else table


def _fitting(rows: Sequence[ProcessView], room: int) -> list[ProcessView]:
    """The rows to show, in their order: all, or the slowest."""
    lines = min(_MOST + 2, room)
    if len(rows) < lines:
        return list(rows)
    slowest = sorted(range(len(rows)), key=lambda place: (rows[place].doing not in _PREPARES, rows[place].waited_s))
    return [rows[place] for place in sorted(slowest[: max(1, lines - 2)])]


def _name(row: ProcessView) -> str:
    """A process with the roles in it, of which one mostly has its name: `worker-1 + server-0`."""
    others = [role for role in row.roles if role != row.name]
    if not others:
        return row.name
    return f"{row.name} + {others[0] if len(others) == 1 else f'{len(others)} servers'}"


def _doing(row: ProcessView) -> Text:
    works = row.doing in ("training", "serving")
    seconds = f" {row.for_s:.0f} s" if not works and row.for_s >= _LONG_S else ""
    return Text(row.doing + seconds, style="" if works else "cyan")


def _memory(count: int) -> str:
    """A size that is always as wide."""
    mebibytes = count / 2**20
    return "" if not count else f"{mebibytes:.0f} MiB" if mebibytes < 1000 else f"{mebibytes / 1024:.1f} GiB"


def _shares(row: ProcessView) -> Iterator[str]:
    for share in row.shares or ():
        yield f"{share:.0%}"
    if row.shares is None:
        yield from ("", "", "")
