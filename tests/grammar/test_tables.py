"""The parser's tables: one grammar, no conflict, and nothing made at run time."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files

import pytest
from lark.exceptions import GrammarError

from singalang_grammar.parse import tables


def test_the_grammar_has_no_conflict_and_no_two_terminals_that_collide() -> None:
    pytest.importorskip("interegular", reason="Lark's strict mode needs it")
    tables.build_from_grammar(strict=True)


def test_strict_mode_would_find_a_conflict() -> None:
    pytest.importorskip("interegular", reason="Lark's strict mode needs it")
    from lark import Lark

    with pytest.raises(GrammarError):
        Lark("start: a | b\na: X\nb: X\nX: /x/", parser="lalr", strict=True)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_tables_are_those_of_the_grammar_whatever_the_order_of_sets(seed: str) -> None:
    script = (
        "from singalang_grammar.parse import tables; import sys; sys.stdout.write(tables.tables_of(tables.build_from_grammar()))"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
    )
    committed = files("singalang_grammar").joinpath("singa.tables.json").read_bytes()
    assert made.stdout == committed, "run python -m singalang_grammar.parse.tables"


def test_items_begin_in_some_states_only() -> None:
    states = tables.item_states()
    assert 2 <= len(states) < len(tables.load().parser.parser._parse_table.states) // 4
