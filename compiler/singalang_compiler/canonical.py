"""The one way in which a plan is written: JSON for people and for `git diff`, equal bytes for equal plans. Knows no record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

WIDTH = 132
"""What fits into so many columns stands on one line."""
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def text_of(value: Any) -> str:
    """The text of a value of plain lists, objects and scalars, in the order of its keys, with a final newline."""
    return "".join(_parts(value, "", 0)) + "\n"


def _parts(value: Any, indent: str, before: int) -> Iterator[str]:
    """The text of a value that begins `before` columns into its line."""
    if not isinstance(value, dict | list | tuple) or _is_short(value, before):
        yield _ENCODE(value)
        return
    deeper = indent + "  "
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield opening
    keyed = value.items() if isinstance(value, dict) else (("", item) for item in value)
    for number, (key, item) in enumerate(keyed):
        name = f"{_ENCODE(key)}: " if isinstance(value, dict) else ""
        yield f"{',' if number else ''}\n{deeper}{name}"
        yield from _parts(item, deeper, len(deeper) + len(name))
    yield f"\n{indent}{closing}"


def _is_short(value: dict[str, Any] | list[Any] | tuple[Any, ...], before: int) -> bool:
    return len(value) < WIDTH // 2 and before + len(_ENCODE(value)) < WIDTH
