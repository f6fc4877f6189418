"""What is told of single layers, put together into lines."""

from __future__ import annotations

from collections.abc import Iterable

from singalang.differences.found import Line, Sign


def gathered(sign: Sign, told: Iterable[tuple[str, str]]) -> tuple[Line, ...]:
    """Lines: what is told of one layer stands in one, and layers of which the same is told share one."""
    by_layer: dict[str, list[str]] = {}
    for name, text in told:
        by_layer.setdefault(name, []).append(text)
    by_text: dict[str, list[str]] = {}
    for name, texts in by_layer.items():
        by_text.setdefault("; ".join(texts), []).append(name)
    return tuple(
        Line(sign=sign, subject=", ".join(names), text=text if len(names) == 1 else _plural(text), layers=tuple(names))
        for text, names in by_text.items()
    )


def _plural(text: str) -> str:
    return text.replace("its input is", "their input is").replace("its value is", "their value is")
