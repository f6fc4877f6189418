"""TextMate scopes agree with the grammar's own tokens, character by character."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from textmate_grammar.parsers.base import LanguageParser

from singalang_grammar.editors.__main__ import CHECKOUT
from tests.grammar.editors.lark_tokens import TRICKY, kinds, programs

KIND_OF_SCOPE = (
    ("comment.", "comment"),
    ("string.", "string"),
    ("constant.numeric", "number"),
    ("constant.language", "keyword"),
    ("keyword.operator.logical", "keyword"),
    ("keyword.control", "keyword"),
    ("keyword.declaration", "keyword"),
    ("keyword.operator", "operator"),
    ("punctuation.", "punctuation"),
    ("entity.", "name"),
    ("variable.", "name"),
    ("support.", "name"),
)


@pytest.mark.parametrize("path", programs(), ids=lambda path: path.name)
def test_scopes_of_a_program_agree_with_its_tokens(path: Path) -> None:
    assert disagreements(path.read_text(encoding="utf-8")) == []


def test_scopes_agree_where_a_lexer_easily_errs() -> None:
    assert disagreements(TRICKY) == []


def test_the_comparison_sees_a_wrong_scope() -> None:
    """Otherwise the tests above could not fail: against a grammar without `when` every `when` disagrees."""
    grammar = json.loads((CHECKOUT / "textmate/singa.tmLanguage.json").read_text(encoding="utf-8"))
    text = json.dumps(grammar).replace("|when)", ")").replace(r"\\b(when)\\b", r"\\b(whenever)\\b")
    found = disagreements("when test { a = b }", LanguageParser(json.loads(text)))
    assert [text for text, _, _ in found] == ["when"]


def test_names_are_coloured_by_their_part() -> None:
    scopes = dict(scopes_by_text("train pretrain { steps = 10 } net m { y = x.z -> fc: dense(2) } on all conv { } when test { }"))
    assert scopes["train"] == "entity.name.type.section.singa"
    assert scopes["pretrain"] == "entity.name.section.singa"
    assert scopes["steps"] == "variable.other.property.singa"
    assert scopes["z"] == "variable.other.member.singa"
    assert scopes["fc"] == "entity.name.tag.label.singa"
    assert scopes["dense"] == "entity.name.function.layer.singa"
    assert scopes["conv"] == "entity.name.function.layer.singa"
    assert scopes["test"] == "support.constant.phase.singa"


def test_a_unit_has_a_scope_of_its_own_inside_the_number() -> None:
    scopes = scopes_at("x = 64KiB")
    assert scopes[4] == ["source.singa", "constant.numeric.singa"]
    assert scopes[6] == ["source.singa", "constant.numeric.singa", "keyword.other.unit.singa"]


def test_a_string_without_an_end_is_marked() -> None:
    assert "invalid.illegal.unterminated-string.singa" in scopes_at('x = "abc')[4]


def disagreements(text: str, parser: LanguageParser | None = None) -> list[tuple[str, str, str]]:
    """(token, its kind in the grammar, its innermost scopes) wherever the two differ, blanks that have a kind included."""
    scopes = scopes_at(text, parser)
    wrong: list[tuple[str, str, str]] = []
    covered: set[int] = set()
    for token in kinds(text):
        covered.update(range(token.start, token.end))
        here = {_kind(scopes.get(place, [])) for place in range(token.start, token.end)}
        if here != {token.kind}:
            wrong.append((token.text, token.kind, str(scopes.get(token.start))))
    for place, stack in scopes.items():
        if place not in covered and _kind(stack) != "none" and not text[place : place + 1].isspace():
            wrong.append((text[place], "none", str(stack)))
    return wrong


def scopes_at(text: str, parser: LanguageParser | None = None) -> dict[int, list[str]]:
    """Scope stack of each character, outermost first."""
    element = (parser or _parser()).parse_string(text)
    assert element is not None
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    scopes: dict[int, list[str]] = {}
    _walk(element, [], starts, scopes)
    return scopes


def scopes_by_text(text: str) -> list[tuple[str, str]]:
    """Each token of a text with its innermost scope."""
    scopes = scopes_at(text)
    return [(token.text, scopes[token.start][-1]) for token in kinds(text)]


def _walk(element: Any, stack: list[str], starts: list[int], scopes: dict[int, list[str]]) -> None:
    stack = [*stack, element.token] if element.token else stack
    for line, column in element.characters:
        scopes[starts[line] + column] = stack
    for child in element.children:
        _walk(child, stack, starts, scopes)


def _kind(stack: list[str]) -> str:
    """The kind that the outermost telling scope gives."""
    for scope in stack:
        for prefix, kind in KIND_OF_SCOPE:
            if scope.startswith(prefix) or scope == prefix.rstrip(".") + ".singa":
                return kind
    return "none"


@cache
def _parser() -> LanguageParser:
    return LanguageParser(json.loads((CHECKOUT / "textmate/singa.tmLanguage.json").read_text(encoding="utf-8")))
