"""Differences as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from singalang import words
from singalang.differences.costs import amount
from singalang.differences.found import Cost, Difference, Part, Sign
from singalang.layout import Screen, folded, hanging, table

_COLOURS: dict[Sign, str] = {"+": "green", "-": "red", "~": "yellow", ">": "cyan"}

_FEW = 8
"""So many names that moved are told."""


def printed(found: Difference, screen: Screen) -> Iterator[str]:
    """What is found, line by line."""
    if not found.anything:
        yield "no difference"
    for part in found.parts:
        yield from _part(part, screen)
    if found.costs:
        yield from _costs(found.costs, screen)
    for note in found.notes:
        yield from (screen.paint(line, dim=True) for line in folded(f"({note})", screen.width))


def _part(part: Part, screen: Screen) -> Iterator[str]:
    yield screen.paint(part.title, bold=True)
    for line in part.lines:
        text = f"{line.subject}: {line.text}" if line.subject else line.text
        yield from hanging(f"  {line.sign} ", text, screen, fg=_COLOURS[line.sign])
    if part.renumbered:
        more = len(part.renumbered) - _FEW
        names = ", ".join(part.renumbered[:_FEW]) + (f" and {more} more" if more > 0 else "")
        lines = folded(f"counted otherwise: {names}", screen.width - 4)
        yield from (screen.paint(f"    {line}", dim=True) for line in lines)


def _costs(costs: tuple[Cost, ...], screen: Screen) -> Iterator[str]:
    rows = [
        (cost.label, amount(cost.before, cost.unit), amount(cost.after, cost.unit), words.growth(cost.before, cost.after))
        for cost in costs
    ]
    yield from table(("predicted", "before", "after", ""), rows, screen, fold=0, right=(1, 2, 3))
