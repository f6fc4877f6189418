"""What the tests of the grammar room share: texts parsed, and formatted."""

from __future__ import annotations

from pathlib import Path

from singalang_grammar.diagnostics import Outcome
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source
from singalang_grammar.tree import Program

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.singa"))


def parsed(text: str) -> Program:
    """The tree of a text that has no mistakes."""
    found = parse(Source("test.singa", text))
    assert found.value is not None and not found.diagnostics, found.diagnostics
    return found.value


def told(text: str) -> list[str]:
    """The codes of a text's mistakes, in order."""
    return [found.code for found in outcome(text).diagnostics]


def outcome(text: str) -> Outcome[Program]:
    """All that the parser says of a text."""
    return parse(Source("test.singa", text))
