"""Answers as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from singalang.layout import Screen, facts, folded, table
from singalang.why.told import Told


def printed(answers: Iterable[Told], screen: Screen) -> Iterator[str]:
    """Answers, line by line, an empty line between them."""
    for number, told in enumerate(answers):
        if number:
            yield ""
        yield from (screen.paint(line, bold=True) for line in folded(told.title, screen.width))
        yield from facts(told.facts, screen)
        if told.table is not None:
            if told.facts:
                yield ""
            yield from table(told.table.heads, told.table.rows, screen, fold=told.table.fold)
        for note in told.notes:
            yield from (screen.paint(line, dim=True) for line in folded(note, screen.width))
