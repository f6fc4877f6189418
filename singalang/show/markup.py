"""HTML and SVG as values: whatever is put into an element is escaped, unless it is markup already. Knows nothing of plans."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

_VOID = frozenset({"meta", "input", "link", "br"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | int | None"
Attribute: TypeAlias = "str | int | float | bool | None"


def escaped(text: object) -> Markup:
    """A text as HTML shows it; markup stays as it is. Characters that HTML cannot hold are replaced."""
    return text if isinstance(text, Markup) else Markup(html.escape(_CONTROL.sub("\ufffd", str(text)), quote=True))


def joined(parts: Iterable[Child]) -> Markup:
    """Parts one after the other; None gives nothing."""
    return Markup("".join(escaped(part) for part in parts if part is not None))


def element(tag: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element. In an attribute's name `_` stands for `-`, and one at the end for nothing: `class_`, `aria_label`.

    An attribute that is None or False is left out; one that is True has no value.
    """
    given = "".join(_attribute(name, value) for name, value in attributes.items())
    return Markup(f"<{tag}{given}>" if tag in _VOID else f"<{tag}{given}>{joined(children)}</{tag}>")


def data_island(name: str, value: Any) -> Markup:
    """A value as JSON for the page's script, under an id; nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return element("script", Markup(text), type="application/json", id=name)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escaped(_number(value))}"'


def _number(value: Attribute) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
