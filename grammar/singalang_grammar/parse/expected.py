"""What the grammar takes at a place, in words that a reader knows."""

from __future__ import annotations

from collections.abc import Set

_VALUE = frozenset({"NAME", "NUMBER", "STRING", "LPAR", "LSQB", "TRUE", "FALSE", "NONE"})
_OPERATOR = frozenset({"ADD_OP", "MUL_OP"})
_ITEM = frozenset({"IMPORT", "ARG", "BLOCK", "ON", "RETURN"})
_PARTS_OF_VALUES = frozenset({"IF", "NOT", "ADD_OP"})
_GOES_ON = frozenset({"CMP_OP", "AND", "OR", "DOTS", "DOT"})
_ORDER = ("NAME", "STRING", "ALL", "FOR", "WHEN", "EQUAL", "COLON", "ARROW", "THEN", "ELSE", "FROM", "IN", "NOT")
_SIGNS = ("LPAR", "LSQB", "LBRACE", "COMMA", "RPAR", "RSQB", "RBRACE")
_TEXTS = {
    "NAME": "a name",
    "STRING": "a string",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "ARROW": "`->`",
    "LPAR": "`(`",
    "LSQB": "`[`",
    "LBRACE": "`{`",
    "COMMA": "`,`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "RBRACE": "`}`",
}


def in_words(allowed: Set[str]) -> str:
    """A list such as "a value, `)`". Groups of words go by one name, so that it stays short."""
    rest = set(allowed) - {"$END", "DOTS"}
    said = []
    if rest >= _ITEM:
        said.append("a statement")
        rest -= _ITEM | {"WHEN", "NAME"}
        if rest & {"CMP_OP", "ADD_OP", "DOT"}:  # at the end of a value, the usual way on is the next statement
            rest -= _OPERATOR | _GOES_ON | {"LPAR", "LSQB", "COMMA"}
    elif rest >= _VALUE:
        said.append("a value")
        rest -= _VALUE | _PARTS_OF_VALUES
    if rest >= _OPERATOR:
        said.append("an operator")
        rest -= _OPERATOR | _GOES_ON | {"LPAR", "LSQB"}
    said += [_TEXTS.get(word, f"`{word.lower()}`") for word in (*_ORDER, *_SIGNS) if word in rest]
    if not said:
        return "nothing more"
    return said[0] if len(said) == 1 else ", ".join(said[:-1]) + " or " + said[-1]
