"""What the page tells of one thing when it is chosen: collected here by whoever draws it, read by the page's script."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

Link: TypeAlias = tuple[str, str]
"""The id of another thing, and its name."""


class Details(msgspec.Struct):
    """A thing in words: `what` it is, facts with their labels, and other things under headings."""

    title: str
    what: str
    facts: list[tuple[str, str]] = msgspec.field(default_factory=list)
    links: list[tuple[str, list[Link]]] = msgspec.field(default_factory=list)

    def fact(self, label: str, text: str | None) -> None:
        """Adds a fact, where there is one."""
        if text:
            self.facts.append((label, text))

    def listed(self, label: str, texts: Iterable[str]) -> None:
        """Adds several facts under one label."""
        self.facts.extend((label if not place else "", text) for place, text in enumerate(texts))

    def link(self, label: str, links: Iterable[Link]) -> None:
        """Adds other things under a heading, where there are any."""
        if found := list(links):
            self.links.append((label, found))


def as_data(details: dict[str, Details]) -> dict[str, Any]:
    """Details by id, as the script reads them: short keys, since there may be thousands."""
    return {name: {"t": one.title, "w": one.what, "f": one.facts, "l": one.links} for name, one in details.items()}
