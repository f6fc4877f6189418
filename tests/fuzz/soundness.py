"""What holds of every text, right or wrong: diagnostics are whole and can be shown, and formatting keeps the program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from singalang_grammar.diagnostics import Outcome
from singalang_grammar.format.labels import without_needless_labels
from singalang_grammar.format.program import format_program
from singalang_grammar.parse.parser import parse
from singalang_grammar.render.records import render_json
from singalang_grammar.render.terminal import render
from singalang_grammar.source import Source

_CODE = re.compile(r"E0\d{3}")


def unsound(outcome: Outcome[Any]) -> Iterator[str]:
    """What is wrong with an outcome, whatever the program was."""
    if outcome.value is None and not outcome.failed:
        yield "there is neither a value nor an error"
    for found in outcome.diagnostics:
        if not _CODE.fullmatch(found.code) or not found.title:
            yield f"a diagnostic without a code or a title: {found.code} {found.title}"
        for label in (found.primary, *found.secondary):
            if label and not 0 <= label.span.start <= label.span.end <= len(label.span.source.text):
                yield f"{found.code} points outside its text"
    if len(set(outcome.diagnostics)) != len(outcome.diagnostics):
        yield "the same diagnostic twice"


def not_shown(outcome: Outcome[Any]) -> Iterator[str]:
    """Diagnostics that a renderer leaves out."""
    plain, records = render(outcome.diagnostics, colour=False), json.loads(render_json(outcome.diagnostics))
    shown = records if isinstance(records, list) else records["diagnostics"]
    if len(shown) != len(outcome.diagnostics):
        yield "the JSON leaves diagnostics out"
    for found in outcome.diagnostics:
        if f"[{found.code}]" not in plain:
            yield f"the terminal does not show {found.code}"


def unfaithful(text: str) -> Iterator[str]:
    """How formatting changes a program that has no mistake of syntax."""
    before = parse(Source("mutant.singa", text))
    if before.failed or before.value is None:
        return
    once = format_program(before.value)
    after = parse(Source("mutant.singa", once))
    if after.failed or after.value is None:
        yield "what the formatter wrote does not parse"
    elif after.value != without_needless_labels(before.value):
        yield "the formatter changed the program"
    elif sorted(comment.text.rstrip() for comment in after.value.comments) != sorted(
        comment.text.rstrip() for comment in before.value.comments
    ):
        yield "the formatter lost or made a comment"
    elif format_program(after.value) != once:
        yield "formatting twice is not formatting once"
