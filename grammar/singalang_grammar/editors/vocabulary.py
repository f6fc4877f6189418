"""The words and signs of the language, read from `singa.lark`: what every editor file is made from. Knows no editor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

GRAMMAR = Path(__file__).parent.parent / "singa.lark"

SECTIONS = ("data", "net", "updater", "train", "topology", "sync", "sample")
"""Kinds of sections. They are no keywords: as names they are free, and only before a brace do they head a section."""

PHASES = ("train", "val", "test", "deploy", "sample")
"""The words that may follow `when`."""

TYPES = ("f32", "i32", "class", "int", "float", "bool", "str")
"""The words that declare fields and arguments."""

CONSTANTS = frozenset({"true", "false", "none"})
DECLARING = frozenset({"import", "from", "arg", "block", "on", "return"})
LOGICAL = frozenset({"and", "or", "not", "in"})
BRACKETS_AND_STOPS = frozenset(",:.()[]{}")

_TOKEN = re.compile(r'(?P<string>"(?:\\.|[^"\\])*")|(?P<comment>//[^\n]*)|(?P<regex>/(?:\\.|[^/\\\n])+/)|(?P<rest>.)', re.DOTALL)
_TERMINAL = re.compile(r"^([A-Z][A-Z_]*)\s*:\s*(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a lexer must know. Words are sorted; signs stand longest first, so that an alternation of them is greedy.

    The patterns are regular expressions without groups, in the part of the notation that Python and Oniguruma share.
    """

    keywords: tuple[str, ...]
    operators: tuple[str, ...]
    punctuation: tuple[str, ...]
    name: str
    number: str
    string: str
    comment: str

    @property
    def constants(self) -> tuple[str, ...]:
        """Keywords that are values."""
        return tuple(word for word in self.keywords if word in CONSTANTS)

    @property
    def logical(self) -> tuple[str, ...]:
        """Keywords that join values."""
        return tuple(word for word in self.keywords if word in LOGICAL)

    @property
    def declaring(self) -> tuple[str, ...]:
        """Keywords that begin a statement."""
        return tuple(word for word in self.keywords if word in DECLARING)

    @property
    def control(self) -> tuple[str, ...]:
        """All other keywords; a word new in the grammar lands here."""
        return tuple(word for word in self.keywords if word not in CONSTANTS | LOGICAL | DECLARING)


def read_vocabulary(grammar: str) -> Vocabulary:
    """The vocabulary of a Lark grammar with terminals NAME, NUMBER, STRING and COMMENT: every quoted word is a keyword,
    every other quoted sign an operator or, if it is a bracket or a stop, punctuation.
    """
    quoted: set[str] = set()
    for token in _TOKEN.finditer(grammar):
        if token.lastgroup == "string":
            quoted.add(re.sub(r"\\(.)", r"\1", token.group()[1:-1]))
    words = {text for text in quoted if text.isidentifier()}
    signs = sorted(quoted - words, key=lambda sign: (-len(sign), sign))
    patterns = dict(_TERMINAL.findall(grammar))
    return Vocabulary(
        keywords=tuple(sorted(words)),
        operators=tuple(sign for sign in signs if sign not in BRACKETS_AND_STOPS),
        punctuation=tuple(sign for sign in signs if sign in BRACKETS_AND_STOPS),
        name=_pattern(patterns["NAME"]),
        number=_pattern(patterns["NUMBER"]),
        string=_pattern(patterns["STRING"]),
        comment=_pattern(patterns["COMMENT"]),
    )


def alternatives(texts: tuple[str, ...]) -> str:
    """A pattern for any of these texts, without a group around it."""
    return "|".join(re.escape(text) for text in texts)


def _pattern(definition: str) -> str:
    """The regular expression of a terminal, its groups made silent."""
    found = re.match(r"/((?:\\.|[^/\\])+)/", definition)
    assert found, f"a terminal without a regular expression: {definition}"
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", found.group(1))
