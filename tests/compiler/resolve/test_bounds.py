"""Resolution ends soon and never with an exception, whatever the tree is."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from singalang_compiler.resolve.program import resolve
from singalang_compiler.resolve.request import Request
from singalang_grammar import tree
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source, Span, Spanned
from tests.compiler.resolve.in_memory import DATA, codes, job

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_ten_thousand_layers_are_resolved() -> None:
    lines = "".join(f"  h{n} = h{n - 1} -> fc{n}: dense(8) -> relu\n" for n in range(1, 5000))
    text = (
        DATA
        + "net n {\n  on all dense { bias = 0 }\n  h0 = d.x -> dense(8)\n"
        + lines
        + "  loss = (h4999 -> dense(3), d.y) -> softmax_loss\n}\n"
    )
    assert len(job(text).nets["n"].graph) == 10_003


def test_statements_in_reverse_order_need_no_deep_recursion() -> None:
    lines = "".join(f"  h{n} = h{n - 1} -> relu\n" for n in range(3000, 0, -1))
    assert len(job(DATA + "net n {\n" + lines + "  h0 = d.x -> dense(8)\n}\n").nets["n"].graph) == 3002


def test_more_layers_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("singalang_compiler.resolve.nets.LAYERS", 20_000)
    text = DATA + "net n { h = d.x -> for i in 1..1000 { for j in 1..1000 { relu } } }\n"
    assert codes(text) == ["E0125"]


def test_loops_that_make_nothing_are_refused() -> None:
    text = DATA + "net n { h = d.x -> for i in 1..100000 { for j in 1..100000 { if i < 0 { relu } } } }\n"
    assert codes(text) == ["E0125"]


def test_lists_that_nest_are_refused() -> None:
    assert codes("a = [[i + j for j in 1..10000] for i in 1..10000]\n") == ["E0125"]


def test_blocks_that_double_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("singalang_compiler.resolve.nets.LAYERS", 3000)
    blocks = "block x -> b0() { return x -> relu }\n"
    blocks += "".join(f"block x -> b{n}() {{ return x -> b{n - 1} -> b{n - 1} }}\n" for n in range(1, 40))
    assert codes(blocks + DATA + "net n { h = d.x -> b39 }\n") == ["E0125"]


def test_deep_expressions_are_refused_and_long_sums_are_not() -> None:
    assert codes("a = " + "[" * 60 + "1" + "]" * 60 + "\n") == []
    deep: tree.Expr = tree.Number("1", Span(Source("main.singa", "1"), 0, 1))
    for _ in range(3000):
        deep = tree.Unary("-", deep, deep.span)
    source = Source("main.singa", "1")
    span = Span(source, 0, 1)
    program = tree.Program((tree.Bind(tree.Ident("a", span), deep, span),), source)
    assert [one.code for one in resolve(program, Request()).diagnostics] == ["E0125"]
    assert job("arg a = " + " + ".join(["1"] * 60) + "\n").args["a"] == 60


def test_a_long_chain_of_constants_needs_no_deep_recursion() -> None:
    lines = "".join(f"c{n} = c{n - 1} + 1\n" for n in range(300, 0, -1))
    assert job("arg a = c300\n" + lines + "c0 = 0\n").args["a"] == 300


def nodes_of(node: object) -> list[Any]:
    found: list[Any] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            waiting.extend(one)
        elif isinstance(one, Spanned):
            found.append(one)
            waiting.extend(getattr(one, name) for name in one.__struct_fields__)
    return found


def mutated(node: Any, target: Any, other: Any) -> Any:
    """The tree with one node in place of another."""
    if node is target:
        return other
    if isinstance(node, tuple):
        return tuple(mutated(one, target, other) for one in node)
    if not isinstance(node, Spanned):
        return node
    changes = {name: mutated(getattr(node, name), target, other) for name in node.__struct_fields__}
    if all(changes[name] is getattr(node, name) for name in changes):
        return node
    return replace(node, **changes)


EXPRESSIONS = (
    tree.Number
    | tree.String
    | tree.Name
    | tree.Constant
    | tree.List
    | tree.Comprehension
    | tree.Paren
    | tree.Tuple
    | tree.Member
    | tree.Index
    | tree.Call
    | tree.Unary
    | tree.Binary
    | tree.Conditional
    | tree.Chain
)
STAGES = tree.LayerStage | tree.ForStage | tree.IfStage | tree.WhenStage
ITEMS = tree.Bind | tree.Declaration | tree.Flow | tree.On | tree.When | tree.Return | tree.Section | tree.Arg | tree.Block
SELECTORS = tree.GlobSelector | tree.NameSelector | tree.RangeSelector | tree.KindSelector


def read_example(path: str) -> Outcome[Source]:
    found = EXAMPLES / path
    return Outcome(Source(path, found.read_text(encoding="utf-8"))) if found.exists() else Outcome(None)


@pytest.mark.parametrize("seed", range(6))
def test_trees_put_together_at_random_give_diagnostics_and_no_exception(seed: int) -> None:
    chance = random.Random(seed)
    programs = []
    for path in sorted(EXAMPLES.glob("*.singa")):
        value = parse(Source(path.name, path.read_text(encoding="utf-8"))).value
        assert value is not None
        programs.append(value)
    everything = [nodes_of(program.items) for program in programs]
    pools = [
        [node for nodes in everything for node in nodes if isinstance(node, kind)]
        for kind in (EXPRESSIONS, STAGES, ITEMS, SELECTORS)
    ]
    for _ in range(40):
        program = chance.choice(programs)
        for _ in range(chance.randint(1, 4)):
            targets = [node for node in nodes_of(program.items) if isinstance(node, EXPRESSIONS | STAGES | ITEMS | SELECTORS)]
            target = chance.choice(targets)
            if isinstance(target, tree.String):  # paths and patterns are strings in every tree
                continue
            pool = next(pool for pool in pools if any(type(node) is type(target) for node in pool))
            program = replace(program, items=mutated(program.items, target, chance.choice(pool)))
        settings = ("train.steps=3", "batch=7") if chance.random() < 0.3 else ()
        outcome = resolve(program, Request(settings, None, False, read_example))
        assert outcome.value is not None
