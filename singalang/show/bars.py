"""Bars that compare sizes, as HTML. Each part has a pattern and a word beside its colour."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from singalang import words
from singalang.show.markup import Markup, element, joined


class Part(msgspec.Struct, frozen=True):
    """A part of a bar: its pattern (0 to 5), what it is, and its size."""

    pattern: int
    label: str
    size: int


def stacked(parts: Sequence[Part], full: int) -> Markup:
    """A bar of parts; `full` is as long as a bar can be."""
    told = ", ".join(f"{part.label} {words.bytes_(part.size)}" for part in parts if part.size)
    drawn = (
        element("span", class_=f"part part-{part.pattern}", style=f"width:{100 * part.size / full:.3f}%", title=_told(part))
        for part in parts
        if part.size
    )
    return element("div", joined(drawn), class_="bar", role="img", aria_label=told or "nothing")


def legend(parts: Sequence[Part]) -> Markup:
    """What the patterns mean."""
    items = (element("li", element("span", class_=f"swatch part-{part.pattern}"), part.label) for part in parts)
    return element("ul", joined(items), class_="legend")


def columns(sizes: Sequence[int], label: str) -> Markup:
    """Many sizes side by side as thin columns, with a line at their mean."""
    most, mean = max(sizes), sum(sizes) / len(sizes)
    high, wide = 120, len(sizes)
    tops = "".join(f"M{place} {high}V{high - high * size / most:.2f}h1V{high}z" for place, size in enumerate(sizes))
    line = high - high * mean / most
    inside = (
        element("path", d=tops, class_="column"),
        element("path", d=f"M0 {line:.2f}H{wide}", class_="mean", vector_effect="non-scaling-stroke"),
    )
    return element(
        "svg", *inside, class_="columns", viewBox=f"0 0 {wide} {high}", preserveAspectRatio="none", role="img", aria_label=label
    )


def _told(part: Part) -> str:
    return f"{part.label}: {words.bytes_(part.size)}"
