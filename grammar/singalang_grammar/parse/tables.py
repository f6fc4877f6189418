"""The parser's tables: made from `singa.lark` once, kept beside it as JSON, loaded in a few milliseconds.

Run `python -m singalang_grammar.parse.tables` after a change of the grammar.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import Shift

STARTS = ("start", "expr")
_PACKAGE = "singalang_grammar"
_GRAMMAR = "singa.lark"
_TABLES = "singa.tables.json"
_SHIFT = 0  # Lark's mark of a shift; a reduction has 1


def build_from_grammar(strict: bool = False) -> Lark:
    """The parser, made from the text of the grammar. `strict` makes any conflict an error (it needs `interegular`)."""
    text = files(_PACKAGE).joinpath(_GRAMMAR).read_text(encoding="utf-8")
    return Lark(
        text, parser="lalr", lexer="basic", start=list(STARTS), keep_all_tokens=True, maybe_placeholders=False, strict=strict
    )


def tables_of(parser: Lark) -> str:
    """The tables of a parser as canonical JSON."""
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    data["options"] = {
        name: data["options"][name] for name in ("parser", "lexer", "start", "keep_all_tokens", "maybe_placeholders")
    }
    data["parser"]["parser"] = _renumbered(data["parser"]["parser"])
    return json.dumps({"data": data, "memo": memo}, sort_keys=True, separators=(",", ":")) + "\n"


@cache
def load() -> Lark:
    """The parser, from the tables that lie beside the grammar. Nothing changes it after this."""
    tables = json.loads(files(_PACKAGE).joinpath(_TABLES).read_text(encoding="utf-8"))
    data, table = tables["data"], tables["data"]["parser"]["parser"]
    table["tokens"] = _by_number(table["tokens"])
    table["states"] = {state: _by_number(row) for state, row in _by_number(table["states"]).items()}
    parser: Lark = Lark._load_from_dict(data, _by_number(tables["memo"]))  # type: ignore[no-untyped-call]
    return parser


@cache
def item_states() -> frozenset[int]:
    """The parser's states in which an item of a file or body can begin, found by a word that nothing else begins with."""
    rows: dict[int, dict[str, tuple[Any, Any]]] = load().parser.parser._parse_table.states
    return frozenset(state for state, row in rows.items() if row.get("RETURN", (None,))[0] is Shift)


def _renumbered(table: dict[str, Any]) -> dict[str, Any]:
    """The same table with words in alphabetical order and states in the order they are reached: Lark's own order varies."""
    words = table["tokens"]
    order = {state: place for place, state in enumerate(_reached(table))}
    number = {word: place for place, word in enumerate(sorted(words.values()))}
    rows = {}
    for state, place in order.items():
        row = {
            number[words[word]]: (kind, order[to] if kind == _SHIFT else to) for word, (kind, to) in table["states"][state].items()
        }
        rows[place] = dict(sorted(row.items()))
    return {
        "tokens": {place: word for word, place in number.items()},
        "states": dict(sorted(rows.items())),
        "start_states": {start: order[state] for start, state in table["start_states"].items()},
        "end_states": {start: order[state] for start, state in table["end_states"].items()},
    }


def _reached(table: dict[str, Any]) -> list[int]:
    words, states = table["tokens"], table["states"]
    order = [table["start_states"][start] for start in STARTS]
    for state in order:  # grows while it is walked
        row = sorted((words[word], to) for word, (kind, to) in states[state].items() if kind == _SHIFT)
        order.extend(dict.fromkeys(to for _, to in row if to not in order))
    return order


def _by_number(table: dict[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in table.items()}  # JSON turns the keys of a table into text


if __name__ == "__main__":
    Path(str(files(_PACKAGE).joinpath(_TABLES))).write_text(tables_of(build_from_grammar()), encoding="utf-8", newline="\n")
