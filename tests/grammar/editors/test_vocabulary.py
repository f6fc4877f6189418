"""The vocabulary that editors are made from is the grammar's own, whole."""

from __future__ import annotations

import re

from lark import Lark
from lark.lexer import Pattern

from singalang_grammar.editors.vocabulary import GRAMMAR, Vocabulary, read_vocabulary

TEXT = GRAMMAR.read_text(encoding="utf-8")


def test_keywords_and_signs_are_those_that_lark_finds() -> None:
    words = read_vocabulary(TEXT)
    literal = {name: pattern.value for name, pattern in _terminals().items() if pattern.type == "str"}
    composed = {sign for name in ("CMP_OP", "ADD_OP", "MUL_OP") for sign in _options(_terminals()[name].value)}
    found = set(literal.values()) | composed
    assert set(words.keywords) == {text for text in found if text.isidentifier()}
    assert len(words.keywords) == 19
    assert set(words.operators) | set(words.punctuation) == {text for text in found if not text.isidentifier()}


def test_every_keyword_is_in_exactly_one_group() -> None:
    words = read_vocabulary(TEXT)
    groups = [*words.constants, *words.logical, *words.declaring, *words.control]
    assert sorted(groups) == list(words.keywords)


def test_patterns_match_what_the_grammars_own_match() -> None:
    words = read_vocabulary(TEXT)
    texts = ["a1", "_x", "größe", "1", "1_0.5e-3k", ".5", "64KiB", '"a\\"b"', '""', "# x", "1..4", "-", "1.", "a.b", '"']
    for name, pattern in (("NAME", words.name), ("NUMBER", words.number), ("STRING", words.string), ("COMMENT", words.comment)):
        own = _terminals()[name].to_regexp()
        assert "(?:" in pattern or "(" not in pattern
        for text in texts:
            mine, theirs = re.match(pattern, text), re.match(own, text)
            assert (mine and mine.group()) == (theirs and theirs.group()), (name, text)


def test_signs_stand_longest_first() -> None:
    words = read_vocabulary(TEXT)
    for signs in (words.operators, words.punctuation):
        for place, sign in enumerate(signs):
            assert not any(later.startswith(sign) and later != sign for later in signs[place + 1 :])


def test_a_keyword_new_in_the_grammar_is_found() -> None:
    words: Vocabulary = read_vocabulary(TEXT + '\nextra: "unless" NAME "~>" NAME\n')
    assert "unless" in words.control
    assert "~>" in words.operators


def test_quotes_in_comments_of_the_grammar_are_no_words() -> None:
    words = read_vocabulary(TEXT + '\n// "phantom" is not a word\n')
    assert "phantom" not in words.keywords


def _terminals() -> dict[str, Pattern]:
    return {terminal.name: terminal.pattern for terminal in Lark(TEXT, parser="lalr", lexer="basic").terminals}


def _options(pattern: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", option) for option in pattern.removeprefix("(?:").removesuffix(")").split("|")]
