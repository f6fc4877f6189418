"""Diagnostics as JSON for programs: `--diagnostics json`.

A list of objects, in the order of files and places:

    {
      "code": "E0201",
      "severity": "error",                     error or warning
      "message": "unknown layer `rleu`",
      "file": "model.singa",                   null where no source text is to blame; then `where` may name the place
      "start": {"line": 7, "column": 51},      both from 1, a column is a character; null where `file` is null
      "end": {"line": 7, "column": 55},        the place after the last character
      "where": null,                           such as "train.csv, line 12"
      "hint": "did you mean `relu`?",          or null
      "labels": [                              the first is the primary one, if there is a file
        {"file": "model.singa", "start": {...}, "end": {...}, "text": "no layer or block has this name", "primary": true}
      ]
    }

Keys are never taken away or renamed; new ones may be added.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from singalang_grammar.diagnostics import Diagnostic, Label
from singalang_grammar.render.order import in_order
from singalang_grammar.source import Span


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """The list as text: ASCII, so that any pipe can carry it."""
    return json.dumps([record_of(one) for one in in_order(diagnostics)], indent=2)


def record_of(one: Diagnostic) -> dict[str, Any]:
    """One diagnostic as JSON values."""
    span = one.primary.span if one.primary else None
    labels = [_label(one.primary, True)] if one.primary else []
    return {
        "code": one.code,
        "severity": one.severity.value,
        "message": one.title,
        "file": span.source.path if span else None,
        "start": _place(span, span.start) if span else None,
        "end": _place(span, span.end) if span else None,
        "where": one.where,
        "hint": one.hint,
        "labels": [*labels, *(_label(label, False) for label in one.secondary)],
    }


def _label(label: Label, primary: bool) -> dict[str, Any]:
    span = label.span
    places = {"start": _place(span, span.start), "end": _place(span, span.end)}
    return {"file": span.source.path, **places, "text": label.text, "primary": primary}


def _place(span: Span, offset: int) -> dict[str, int]:
    line, column = span.source.line_column(offset)
    return {"line": line, "column": column}
