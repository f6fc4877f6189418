"""Text in columns for a terminal of some width. Knows nothing of what it says."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap
from typing import TypeAlias

import click
import msgspec

from singalang.telling import wants_colour

Paint: TypeAlias = Callable[..., str]
"""Makes text coloured, bold or dim, as `click.style` does, or leaves it as it is."""
_LEAST = 20


class Screen(msgspec.Struct, frozen=True):
    """How wide text may be, and how it is coloured."""

    width: int
    paint: Paint

    @staticmethod
    def of_stdout() -> Screen:
        """The terminal, or 80 columns without colours."""
        width = shutil.get_terminal_size((80, 24)).columns
        return Screen(width, click.style if wants_colour(sys.stdout) else plain)


def plain(text: str, **_: object) -> str:
    """The text as it is."""
    return text


def visible(text: str) -> str:
    """A text without characters that would steer a terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def folded(text: str, width: int) -> list[str]:
    """A text in lines of a width; a word that is longer is broken."""
    return wrap(visible(text), max(width, _LEAST), break_on_hyphens=False) or [""]


def hanging(start: str, text: str, screen: Screen, **style: object) -> Iterator[str]:
    """A text whose further lines begin below its own first character; `style` is that of the start."""
    first, *more = folded(text, screen.width - len(start))
    yield f"{screen.paint(visible(start), **style)}{first}".rstrip()
    yield from (" " * len(start) + line for line in more)


def facts(rows: Sequence[tuple[str, str]], screen: Screen, indent: str = "") -> Iterator[str]:
    """Labels and what stands beside them; a label that is empty goes on with the one above."""
    wide = max((len(label) for label, _ in rows), default=0)
    for label, text in rows:
        yield from hanging(f"{indent}{label:<{wide}}  ", text, screen, dim=True)


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen, fold: int, right: Sequence[int] = ()
) -> Iterator[str]:
    """Columns below their heads. Those that are empty are left out; the column `fold` gets what room is left and is folded."""
    kept = [place for place in range(len(heads)) if any(row[place] for row in rows)]
    wide = {place: max(len(heads[place]), *(len(row[place]) for row in rows)) for place in kept}
    room = screen.width - sum(wide.values()) - 2 * (len(kept) - 1)
    if fold in wide and room < 0:
        wide[fold] = max(_LEAST, wide[fold] + room)
    for number, row in enumerate((heads, *rows)):
        cells = {place: folded(row[place], wide[place]) if place == fold else [visible(row[place])] for place in kept}
        for line in range(max(map(len, cells.values()))):
            texts = (_cell(cells[place], line, wide[place], place in right) for place in kept)
            text = "  ".join(texts).rstrip()
            yield screen.paint(text, bold=True) if number == 0 else text


def _cell(lines: Sequence[str], line: int, wide: int, right: bool) -> str:
    text = lines[line] if line < len(lines) else ""
    return text.rjust(wide) if right else text.ljust(wide)
