"""The TextMate grammar: scopes for VS Code, Sublime Text, TextMate, GitHub and all that read the format.

Every pattern is a single-line `match`, so no engine can carry a wrong state from one line to the next. Words, numbers,
strings, operators and comments come from the vocabulary; what colours names (labels, stages, properties, section heads)
is written here and only ever chooses among scopes for names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from singalang_grammar.editors.vocabulary import PHASES, SECTIONS, TYPES, Vocabulary, alternatives

SCOPE = "source.singa"
ARROW = "->"


def textmate_files(words: Vocabulary) -> Mapping[str, str]:
    """The files of this editor by their path below `grammar/editors`."""
    return {"textmate/singa.tmLanguage.json": grammar_json(words)}


def grammar_json(words: Vocabulary) -> str:
    """The grammar as JSON text."""
    grammar = {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "singa",
        "scopeName": SCOPE,
        "fileTypes": ["singa"],
        "patterns": [*_tokens(words), *_words(words), *_names(words), *_signs(words)],
        "repository": {},
    }
    return json.dumps(grammar, indent=2, ensure_ascii=False) + "\n"


def _tokens(words: Vocabulary) -> list[dict[str, Any]]:
    return [
        _match("comment.line.number-sign", words.comment),
        {
            **_match("string.quoted.double", words.string),
            "captures": {"0": {"patterns": [_match("constant.character.escape", r"\\.")]}},
        },
        _match("invalid.illegal.unterminated-string", r'"(?:\\.|[^"\\])*$'),
        {**_match("constant.numeric", _with_unit(words.number)), "captures": {"1": {"name": f"keyword.other.unit.{SCOPE[7:]}"}}},
    ]


def _words(words: Vocabulary) -> list[dict[str, Any]]:
    phase_list = rf"\b(when)\b\s+(?:(not)\b\s+)?({_name(words)}(?:\s*,\s*{_name(words)})*)"
    return [
        {
            "match": phase_list,
            "captures": {
                "1": _scope("keyword.control"),
                "2": _scope("keyword.operator.logical"),
                "3": {
                    "patterns": [
                        _match("support.constant.phase", rf"\b(?:{alternatives(PHASES)})\b"),
                        _match("variable.other", _name(words)),
                        _match("punctuation.separator", ","),
                    ]
                },
            },
        },
        {
            "match": rf"\b(arg)\b\s+({_name(words)})",
            "captures": {"1": _scope("keyword.declaration"), "2": _scope("variable.parameter")},
        },
        {
            "match": rf"\b(all)\b\s+({_name(words)})",
            "captures": {"1": _scope("keyword.control"), "2": _scope("entity.name.function.layer")},
        },
        _match("constant.language", _word(words.constants)),
        _match("keyword.operator.logical", _word(words.logical)),
        _match("keyword.declaration", _word(words.declaring)),
        _match("keyword.control", _word(words.control)),
    ]


def _names(words: Vocabulary) -> list[dict[str, Any]]:
    name = _name(words)
    return [
        {
            "match": rf"\b({alternatives(SECTIONS)})\b(?:\s+({name}))?(?=\s*\{{)",
            "captures": {"1": _scope("entity.name.type.section"), "2": _scope("entity.name.section")},
        },
        {
            "match": rf"({ARROW})\s*(?:({name})\s*(:)\s*)?({name})(?!\s*:)",
            "captures": {
                "1": _scope("keyword.operator.arrow"),
                "2": _scope("entity.name.tag.label"),
                "3": _scope("punctuation.separator.label"),
                "4": _scope("entity.name.function.layer"),
            },
        },
        {
            "match": rf"({name})\s*(:)\s*({alternatives(TYPES)})\b",
            "captures": {
                "1": _scope("entity.name.tag.label"),
                "2": _scope("punctuation.separator.label"),
                "3": _scope("support.type"),
            },
        },
        _match("entity.name.tag.label", rf"{name}(?=\s*:)"),
        _match("variable.other.property", rf"{name}(?=\s*=(?!=))"),
        _match("entity.name.function.call", rf"{name}(?=\s*\()"),
        _match("variable.other.member", rf"(?<=\.){name}"),
        _match("variable.other", name),
    ]


def _signs(words: Vocabulary) -> list[dict[str, Any]]:
    return [
        _match("keyword.operator", alternatives(words.operators)),
        _match("punctuation", alternatives(words.punctuation)),
    ]


def _name(words: Vocabulary) -> str:
    """A pattern for a whole name that is no keyword."""
    return rf"(?!(?:{alternatives(words.keywords)})\b){words.name}\b"


def _word(texts: tuple[str, ...]) -> str:
    return rf"\b(?:{alternatives(texts)})\b"


def _with_unit(number: str) -> str:
    """The pattern of a number, its unit (the last part, all letters) made group 1."""
    unit = "(?:[A-Za-z]+)?"
    assert number.endswith(unit), "a number ends in its unit"
    return number.removesuffix(unit) + "([A-Za-z]+)?"


def _scope(name: str) -> dict[str, str]:
    return {"name": f"{name}.singa"}


def _match(name: str, pattern: str) -> dict[str, Any]:
    return {**_scope(name), "match": pattern}
