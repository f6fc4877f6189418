"""Colours for `.singa` programs in Pygments, which Sphinx, MkDocs and rich use. Found by the name `singa`."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from singalang_grammar.editors import words as lists


class SingaLexer(RegexLexer):  # type: ignore[misc]  # pygments ships no types
    """Tokens of a `.singa` program. Every keyword, number, string, operator and comment is what the grammar says it is."""

    name = "singa"
    aliases: ClassVar[list[str]] = ["singa"]
    filenames: ClassVar[list[str]] = ["*.singa"]
    mimetypes: ClassVar[list[str]] = ["text/x-singa"]
    url = "https://pypi.org/project/singalang"

    tokens: ClassVar = {
        "root": [
            (r"\s+", Whitespace),
            (lists.COMMENT, Comment.Single),
            (lists.STRING, String.Double),
            (lists.NUMBER, Number),
            (words(lists.CONSTANTS, prefix=r"\b", suffix=r"\b"), Keyword.Constant),
            (words(lists.LOGICAL, prefix=r"\b", suffix=r"\b"), Keyword.Pseudo),
            (words(lists.DECLARING, prefix=r"\b", suffix=r"\b"), Keyword.Declaration),
            (r"\bwhen\b", Keyword, "phases"),
            (words(lists.CONTROL, prefix=r"\b", suffix=r"\b"), Keyword),
            (rf"({'|'.join(lists.SECTIONS)})\b(\s+)({lists.NAME})(?=\s*\{{)", bygroups(Name.Class, Whitespace, Name.Namespace)),
            (rf"(?:{'|'.join(lists.SECTIONS)})\b(?=\s*\{{)", Name.Class),
            (rf"(->)(\s*)({lists.NAME})(?!\s*:)", bygroups(Operator, Whitespace, Name.Function)),
            (rf"(:)(\s*)({'|'.join(lists.TYPES)})\b", bygroups(Punctuation, Whitespace, Name.Builtin)),
            (rf"{lists.NAME}(?=\s*:)", Name.Label),
            (rf"{lists.NAME}(?=\s*=(?!=))", Name.Attribute),
            (rf"{lists.NAME}(?=\s*\()", Name.Function),
            (lists.NAME, Name),
            (lists.OPERATOR, Operator),
            (lists.PUNCTUATION, Punctuation),
        ],
        "phases": [
            (r"\s+", Whitespace),
            (lists.COMMENT, Comment.Single),
            (r"\bnot\b", Keyword.Pseudo),
            (words(lists.PHASES, prefix=r"\b", suffix=r"\b"), Name.Constant),
            (r",", Punctuation),
            (r"", Whitespace, "#pop"),
        ],
    }
