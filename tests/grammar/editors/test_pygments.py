"""Pygments tokens agree with the grammar's own tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String

from singalang_grammar.pygments_lexer import SingaLexer
from tests.grammar.editors.lark_tokens import TRICKY, kinds, programs

KINDS = {
    Comment: "comment",
    String: "string",
    Number: "number",
    Keyword: "keyword",
    Operator: "operator",
    Punctuation: "punctuation",
    Name: "name",
}


@pytest.mark.parametrize("path", programs(), ids=lambda path: path.name)
def test_tokens_of_a_program_agree_with_the_grammar(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert pygments_kinds(text) == grammar_kinds(text)


def test_tokens_agree_where_a_lexer_easily_errs() -> None:
    assert pygments_kinds(TRICKY) == grammar_kinds(TRICKY)


def test_every_character_comes_back() -> None:
    assert "".join(value for _, _, value in SingaLexer().get_tokens_unprocessed(TRICKY)) == TRICKY


def test_what_the_grammar_does_not_know_is_an_error_token() -> None:
    assert [value for kind, value in SingaLexer().get_tokens("a = 'b'") if kind is Error] == ["'", "'"]


def test_pygments_finds_the_lexer_by_name_and_by_file() -> None:
    assert isinstance(get_lexer_by_name("singa"), SingaLexer)
    assert isinstance(get_lexer_for_filename("model.singa"), SingaLexer)


def pygments_kinds(text: str) -> list[tuple[int, str, str]]:
    """(place, kind, text) of every token that is no blank."""
    tokens = SingaLexer().get_tokens_unprocessed(text)
    return [(place, _kind(kind), value) for place, kind, value in tokens if value.strip()]


def grammar_kinds(text: str) -> list[tuple[int, str, str]]:
    """The same by the grammar."""
    return [(token.start, token.kind, token.text) for token in kinds(text)]


def _kind(kind: object) -> str:
    return next((name for family, name in KINDS.items() if kind in family), str(kind))
