"""Number literals and their units. Knows nothing of names."""

from __future__ import annotations

import re
from math import isfinite

from singalang_compiler.codes.e0117_unknown_unit import UnknownUnit
from singalang_compiler.codes.e0119_no_result import NoResult
from singalang_compiler.resolve.session import Session
from singalang_compiler.resolve.values import POISON, Quantity, Value
from singalang_grammar.literals import UNITS
from singalang_grammar.source import Span
from singalang_grammar.tree import Number

LARGEST_INT = 2**63 - 1
"""Whole numbers of the language lie between -(2**63 - 1) and this."""

_FACTORS = {"k": 10**3, "M": 10**6, "G": 10**9}
_BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_PER_SECOND = {"us": 10**6, "ms": 10**3}
_BANDWIDTHS = {"Mbps": 10**6, "Gbps": 10**9}

_NUMBER = re.compile(r"(?P<whole>\d[\d_]*)?(?P<fraction>\.\d+)?(?P<power>[eE][+-]?\d+)?(?P<unit>[A-Za-z]+)?")


def number_value(number: Number, session: Session) -> Value:
    """The value of a literal: an int where neither point nor power is written and the unit does not need one."""
    found = _NUMBER.fullmatch(number.text)
    assert found, f"the grammar let through the number {number.text}"
    digits = (found["whole"] or "").replace("_", "")
    unit = found["unit"]
    if _goes_on(number.span):
        return POISON
    if unit is not None and unit not in UNITS:
        return session.report(UnknownUnit(unit, _unit_span(number, unit), UNITS))
    plain: int | float
    if found["fraction"] or found["power"]:
        plain = float(digits + (found["fraction"] or "") + (found["power"] or ""))
    else:
        plain = int(digits) if len(digits) <= 20 else LARGEST_INT + 1
    value = _with_unit(plain, unit)
    size = value.value if isinstance(value, Quantity) else value
    if not isfinite(size) or (isinstance(size, int) and size > LARGEST_INT):
        return session.report(NoResult("the number is too large", number.span))
    return value


def _goes_on(span: Span) -> bool:
    """Whether more letters or digits follow: then the parser has told of the whole word."""
    return span.source.text[span.end : span.end + 1].isalnum()


def _with_unit(plain: int | float, unit: str | None) -> int | float | Quantity:
    if unit is None:
        return plain
    if unit in _FACTORS:
        return plain * _FACTORS[unit]
    if unit in _BYTES:
        return Quantity(plain * _BYTES[unit], "Bytes")
    if unit in _PER_SECOND:
        return Quantity(plain / _PER_SECOND[unit], "Seconds")
    if unit in _SECONDS:
        return Quantity(plain * _SECONDS[unit], "Seconds")
    return Quantity(plain * _BANDWIDTHS[unit], "Bandwidth")


def _unit_span(number: Number, unit: str) -> Span:
    span = number.span
    return Span(span.source, max(span.start, span.end - len(unit)), span.end)
