"""How literals are written: units of numbers, escapes of strings. Knows no tree; `resolve` gives the values their meaning."""

from __future__ import annotations

import re

UNITS = ("k", "M", "G", "KiB", "MiB", "GiB", "us", "ms", "s", "min", "h", "Mbps", "Gbps")
"""What may be glued to a number."""

NUMBER = re.compile(r"(?P<digits>(?:[0-9]+(?:_[0-9]+)*)?(?:\.[0-9]+)?)(?P<exponent>[eE][+-]?[0-9]+)?(?P<unit>[A-Za-z]*)")
"""A well-formed number and its parts; `unit` may be unknown."""

ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
"""What may follow the stroke in a string."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def text_of(raw: str) -> str:
    """What a string means: `raw` with its quotes, escapes undone. An unknown escape, which the parser has told of, stays."""
    return _ESCAPE.sub(lambda match: ESCAPES.get(match[1], match[0]), raw[1:-1])


def quoted(text: str) -> str:
    """The string that means this text, quotes included."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
