"""Texts to trees: every form of the language, places, limits."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from singalang_grammar import tree
from singalang_grammar.parse.parser import parse, parse_expression
from singalang_grammar.source import Source, Span
from singalang_grammar.tree import Bind, Ident, Name, Number
from tests.grammar.rounds import EXAMPLES, outcome, parsed, told

NO = Span(Source("", ""), 0, 0)


def word(text: str) -> Ident:
    return Ident(text, NO)


def path(text: str) -> tree.Path:
    return tree.Path(tuple(map(word, text.split("."))), NO)


def layer(kind: str, label: str | None = None, arguments: tuple[tree.Argument, ...] | None = None) -> tree.LayerStage:
    return tree.LayerStage(word(label) if label else None, path(kind), arguments, NO)


def value(text: str) -> tree.Expr:
    found = parse_expression(Source("<set>", text))
    assert found.value is not None and not found.diagnostics, found.diagnostics
    return found.value


def name(text: str) -> Name:
    return Name(text, NO)


def number(text: str) -> Number:
    return Number(text, NO)


def binary(left: tree.Expr, operator: str, right: tree.Expr) -> tree.Binary:
    return tree.Binary(operator, left, right, NO, NO)


ARGUMENTS = (tree.Argument(None, number("1"), NO), tree.Argument(word("k"), name("v"), NO))

ITEMS = {
    'import all from "a.singa"': tree.Import(None, tree.String('"a.singa"', NO), NO),
    'import a, b from "x.py"': tree.Import((word("a"), word("b")), tree.String('"x.py"', NO), NO),
    "arg a": tree.Arg(word("a"), None, None, None, NO),
    "arg a: int": tree.Arg(word("a"), word("int"), None, None, NO),
    "arg a: int = 1 in b": tree.Arg(word("a"), word("int"), number("1"), name("b"), NO),
    "arg a in b": tree.Arg(word("a"), None, None, name("b"), NO),
    "block x -> f { }": tree.Block((word("x"),), word("f"), None, (), NO),
    "block (x, y,) -> f() { return x }": tree.Block((word("x"), word("y")), word("f"), (), (tree.Return(name("x"), NO),), NO),
    "block x -> f(n, s = 1,) { }": tree.Block(
        (word("x"),), word("f"), (tree.BlockParameter(word("n"), None, NO), tree.BlockParameter(word("s"), number("1"), NO)), (), NO
    ),
    "train { }": tree.Section(word("train"), None, (), NO),
    "net n { a = 1, b = 2 }": tree.Section(
        word("net"), word("n"), (Bind(word("a"), number("1"), NO), Bind(word("b"), number("2"), NO)), NO
    ),
    "image: f32[3, 32]": tree.Declaration(word("image"), tree.Index(name("f32"), (number("3"), number("32")), NO), NO),
    "d.image -> f -> g": tree.Flow(path("d.image"), (layer("f"), layer("g")), NO),
    'on a.b, c..d, all, all conv, "x*" { }': tree.On(
        (
            tree.NameSelector(path("a.b"), NO),
            tree.RangeSelector(path("c"), path("d"), NO),
            tree.KindSelector(None, NO),
            tree.KindSelector(word("conv"), NO),
            tree.GlobSelector(tree.String('"x*"', NO), NO),
        ),
        (),
        NO,
    ),
    "when train, test { }": tree.When(False, (word("train"), word("test")), (), NO),
    "when not deploy { }": tree.When(True, (word("deploy"),), (), NO),
}

VALUES = {
    "64KiB": number("64KiB"),
    '"a\\"b"': tree.String('"a\\"b"', NO),
    "true": tree.Constant(True, NO),
    "false": tree.Constant(False, NO),
    "none": tree.Constant(None, NO),
    "[]": tree.List((), NO),
    "[a, b,]": tree.List((name("a"), name("b")), NO),
    "[a for k in b]": tree.Comprehension(name("a"), word("k"), name("b"), NO),
    "(a)": tree.Paren(name("a"), NO),
    "(a,)": tree.Tuple((name("a"),), NO),
    "(a, b)": tree.Tuple((name("a"), name("b")), NO),
    "a.b": tree.Member(name("a"), word("b"), NO),
    "a[b, c,]": tree.Index(name("a"), (name("b"), name("c")), NO),
    "f()": tree.Call(name("f"), (), NO),
    "f(1, k = v)": tree.Call(name("f"), ARGUMENTS, NO),
    "-a": tree.Unary("-", name("a"), NO),
    "not a": tree.Unary("not", name("a"), NO),
    "a + b * c": binary(name("a"), "+", binary(name("b"), "*", name("c"))),
    "a - b - c": binary(binary(name("a"), "-", name("b")), "-", name("c")),
    "a or b and not c == d": binary(
        name("a"), "or", binary(name("b"), "and", tree.Unary("not", binary(name("c"), "==", name("d")), NO))
    ),
    "1..n - 1": binary(number("1"), "..", binary(name("n"), "-", number("1"))),
    "if a then b else c -> f": tree.Conditional(name("a"), name("b"), tree.Chain(name("c"), (layer("f"),), NO), NO),
    "a + b -> f": tree.Chain(binary(name("a"), "+", name("b")), (layer("f"),), NO),
    "a -> l: f(1, k = v) -> g.h": tree.Chain(name("a"), (layer("f", "l", ARGUMENTS), layer("g.h")), NO),
    "a -> l: for i in b { f -> g }": tree.Chain(
        name("a"), (tree.ForStage(word("l"), word("i"), name("b"), (layer("f"), layer("g")), NO),), NO
    ),
    "a -> if b { f }": tree.Chain(name("a"), (tree.IfStage(None, name("b"), (layer("f"),), NO),), NO),
    "a -> l: if b { f }": tree.Chain(name("a"), (tree.IfStage(word("l"), name("b"), (layer("f"),), NO),), NO),
    "a -> when not b, c { f }": tree.Chain(name("a"), (tree.WhenStage(None, True, (word("b"), word("c")), (layer("f"),), NO),), NO),
    "a -> l: when b { f }": tree.Chain(name("a"), (tree.WhenStage(word("l"), False, (word("b"),), (layer("f"),), NO),), NO),
}


@pytest.mark.parametrize("text", ITEMS)
def test_an_item_has_its_node(text: str) -> None:
    assert parsed(text).items == (ITEMS[text],)


@pytest.mark.parametrize("text", VALUES)
def test_a_value_has_its_node(text: str) -> None:
    assert value(text) == VALUES[text]


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", ".."])
def test_an_operator_stands_between_two_values(sign: str) -> None:
    assert value(f"a {sign} b") == binary(name("a"), sign, name("b"))


def test_two_values_that_differ_in_one_word_differ() -> None:
    trees = [*ITEMS.values(), *VALUES.values()]
    assert all(left != right for place, left in enumerate(trees) for right in trees[place + 1 :])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_parses_and_every_node_knows_its_text(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    program = parsed(text)
    assert program.items and all(item.span.text.strip() == item.span.text for item in program.items)
    for item in program.items:
        assert parsed(item.span.text).items == (item,)
    assert [comment.text for comment in program.comments] == [
        "#" + line.split("#", 1)[1] for line in text.splitlines() if "#" in line
    ]


def test_spans_of_values_are_exact() -> None:
    (item,) = parsed("x  = (a + b) -> l: f(1, k = g[2]) -> h").items
    assert isinstance(item, Bind) and isinstance(item.value, tree.Chain)
    chain = item.value
    assert chain.span.text == "(a + b) -> l: f(1, k = g[2]) -> h"
    first, second = chain.stages
    assert (first.span.text, second.span.text) == ("l: f(1, k = g[2])", "h")
    assert isinstance(first, tree.LayerStage) and first.arguments is not None
    assert [argument.span.text for argument in first.arguments] == ["1", "k = g[2]"]
    assert isinstance(chain.head, tree.Paren) and isinstance(chain.head.value, tree.Binary)
    assert chain.head.value.operator_span.text == "+"


def test_commas_between_items_may_be_left_out() -> None:
    assert parsed("t { a = 1, b = 2, }") == parsed("t { a = 1 b = 2 }") == parsed("t {\n  a = 1\n  b = 2\n}")


def test_names_may_be_in_any_script_and_line_ends_of_any_system() -> None:
    program = parsed("\ufeffмир = 1\r\n# 注\r\n名 = мир\t+ 2\r\n")
    assert [item.name.text for item in program.items if isinstance(item, Bind)] == ["мир", "名"]
    assert [comment.text for comment in program.comments] == ["# 注"]


def test_an_empty_text_is_an_empty_program() -> None:
    assert parsed("").items == parsed("\n# nothing\n").items == ()


def test_an_expression_is_the_whole_text() -> None:
    assert value("[10, 20]") == tree.List((number("10"), number("20")), NO)
    for wrong in ("", "a b", "a = 1", "a,", ")", "net n { }", "1 +", "("):
        found = parse_expression(Source("<set>", wrong))
        assert len(found.diagnostics) == 1 and found.failed, (wrong, found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = " + "(" * 10_000 + "1" + ")" * 10_000, "E0007"),
        ("x = " + "(" * 10_000, "E0007"),
        ("x = " + "not " * 10_000 + "a", "E0007"),
        ("x = " + "-" * 10_000 + "a", "E0007"),
        ("x = a" + " + a" * 10_000, "E0007"),
        ("x = a" + ".a" * 10_000, "E0007"),
        ("x = a" + "(b)" * 10_000, "E0007"),
        ("x = " + "if a then b else " * 10_000 + "c", "E0007"),
        ("a { " * 10_000 + "}" * 10_000, "E0007"),
        ("x = a -> " + "for i in b { " * 10_000 + "f" + "}" * 10_000, "E0007"),
    ],
    ids=lambda text: text[:12],
)
def test_deep_nesting_is_told_of(text: str, code: str) -> None:
    assert told(text) == [code]


def test_the_deepest_trees_can_be_compared_and_shown() -> None:
    depth = 60
    text = "x = " + "(-a + f(" * (depth // 2) + "1" + "))" * (depth // 2)
    assert parsed(text) == parsed(text)
    assert "Binary" in repr(parsed("x = a" + " + a" * 190))


def test_long_is_not_deep() -> None:
    (item,) = parsed("x = a" + " -> f" * 20_000).items
    assert isinstance(item, Bind) and isinstance(item.value, tree.Chain) and len(item.value.stages) == 20_000
    (item,) = parsed("x = [" + "1, " * 20_000 + "]").items
    assert isinstance(item, Bind) and isinstance(item.value, tree.List) and len(item.value.items) == 20_000


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    parse(Source("a", "a = ("))
    assert gc.isenabled()
    gc.disable()
    try:
        parse(Source("a", "a = 1"))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_number_of_mistakes_ends_the_reading() -> None:
    found = outcome("net a b { }\n" * 30)
    assert found.value is None or not found.diagnostics  # `net a` and `b { }` are no mistake by themselves
    found = outcome("net a b c { }\n" * 30)
    assert found.value is None
    assert [one.code for one in found.diagnostics] == ["E0002"] * 20 + ["E0029"]
    assert told("@ " * 1000) == ["E0001"] * 20 + ["E0029"]
