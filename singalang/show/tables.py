"""Tables as HTML: a heading, columns, rows; long ones scroll in a box of their own. Knows nothing of plans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from singalang.show.markup import Child, Markup, element, joined

_LONG = 16
"""Rows from which a table scrolls."""


def table(label: str, heads: Sequence[str], rows: Iterable[Sequence[Child]], numbers: Sequence[int] = ()) -> Markup:
    """A table; `numbers` are the columns that hold numbers. A cell may be markup. Columns that hold nothing are left out."""
    cells = [tuple(row) for row in rows]
    kept = [place for place in range(len(heads)) if any(row[place] for row in cells)]
    body = [joined(_cell("td", row[place], place in numbers) for place in kept) for row in cells]
    head = joined(_cell("th", heads[place], place in numbers) for place in kept)
    whole = element("table", element("thead", element("tr", head)), element("tbody", joined(element("tr", row) for row in body)))
    names = "table long" if len(body) > _LONG else "table"
    return element("div", whole, class_=names, role="region", aria_label=label, tabindex=0 if len(body) > _LONG else None)


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Facts with their labels."""
    given = (joined((element("dt", label), element("dd", value))) for label, value in pairs if value)
    return element("dl", joined(given), class_="facts")


def chooser(name: str, text: str) -> Markup:
    """A button that shows the details of a thing."""
    return element("button", text, type="button", class_="chooser", data_show=name)


def _cell(tag: str, content: Child, number: bool) -> Markup:
    return element(tag, content, class_="number" if number else None)
