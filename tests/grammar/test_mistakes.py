"""Mistakes of syntax: one good message for each, and all of a file in one run."""

from __future__ import annotations

import pytest

from singalang_grammar import tree
from singalang_grammar.explain import all_codes, find_code, parts_of
from singalang_grammar.render.terminal import render
from tests.conftest import Golden
from tests.grammar.rounds import outcome, parsed, told

HERE = ("singalang_grammar",)
NUMBERS = [number for number, _ in all_codes(HERE)]

NINE = """\
arg dir = 'data'
data cifar {
  image: f32[3, 32, 32]
  train = kvfile(dir + "/train.bin, batch = 64)
  mean  =
  std   = 16
}
net n {
  h = cifar.image -> fc-1: dense(64) -> relu
  y = h -> dense(10) + h
  z = h -> dropout(50%)
  loss: (y, z) -> softmax_loss
}
train {
  steps == 1000
  log = every(10)
"""


@pytest.mark.parametrize("number", NUMBERS)
def test_a_wrong_program_earns_its_code_alone_and_a_right_one_none(number: str) -> None:
    found = find_code(number, HERE)
    assert found is not None
    parts = parts_of(found)
    if parts.wrong is None:
        assert parts.cause and parts.cure and number >= "E0029"
        return
    assert told(parts.wrong) == [number]
    assert parts.right is not None
    parsed(parts.right)


@pytest.mark.parametrize("number", [number for number in NUMBERS if number < "E0029"])
def test_a_code_looks_like_this_on_a_terminal(number: str, golden: Golden) -> None:
    parts = parts_of(find_code(number, HERE) or type(None))
    assert parts.wrong
    golden(f"grammar/{number.lower()}.txt", render(outcome(parts.wrong).diagnostics, colour=False) + "\n")


def test_nine_mistakes_are_found_in_one_run_and_the_rest_is_read(golden: Golden) -> None:
    found = outcome(NINE)
    codes = [one.code for one in found.diagnostics]
    assert codes == ["E0009", "E0006", "E0004", "E0017", "E0023", "E0013", "E0022", "E0005", "E0025"]
    golden("grammar/nine_mistakes.txt", render(found.diagnostics, colour=False) + "\n")
    assert found.value is not None
    assert [type(item).__name__ for item in found.value.items] == ["Arg", "Section", "Section", "Section"]
    net, train = found.value.items[2:]
    assert isinstance(net, tree.Section) and isinstance(train, tree.Section)
    assert [item.name.text for item in net.body if isinstance(item, tree.Bind)] == ["h", "z", "loss"]
    assert [item.name.text for item in train.body if isinstance(item, tree.Bind)] == ["steps", "log"]
    assert [span.text for span in found.value.broken] == ["mean  =", "y = h -> dense(10) + h"]


ONE_EACH = [
    ("train { steps = 1", "E0005", "{"),
    ("net a {\n  x = 1\ntrain {\n  steps = 2\n}\n", "E0005", "{"),
    ("topology t {\n  sync {\n    every = 1\n  on x { a = 1 }\n}\nnet b { }", "E0005", "{"),
    ("x = [1, 2\ny = 3", "E0005", "["),
    ("x = f(a, b\n  -> c\ny = 3", "E0005", "("),
    ("net n { x = f(a -> g }", "E0005", "("),
    ("net n {\n  x = 1\n  }\n  y = 2\n}\ntrain { steps = 1 }", "E0008", "}"),
    ("x = 1 }", "E0008", "}"),
    ("x = f(a))\ny = 2", "E0008", ")"),
    ("x = [a, b)]", "E0008", ")"),
    ('a = "x\nb = 2', "E0006", '"x'),
    ('a = f("x, 3)\nb = 2', "E0006", '"x, 3)'),
    ("steps =\nlog = every(50)", "E0004", "="),
    ("steps = # soon\nlog = every(50)", "E0004", "="),
    ("net n { x = a ->\n y = b }", "E0004", "->"),
    ("net n { x = a -> }", "E0004", "->"),
    ("x = 5 +\ny = 3", "E0004", "+"),
    ("x = a and", "E0004", "and"),
    ("return", "E0004", "return"),
    ("x = f(a = , b = 1)", "E0004", "="),
    ("arg x: int =\narg y = 2", "E0004", "="),
    ("y = a\n[b, c]", "E0003", "["),
    ("y = a\n(b, c) -> f\nz = 3", "E0003", "("),
    ("net n { y = x -> relu\n(a, b) -> f }", "E0003", "("),
    ("y = a\n+ b", "E0003", "+"),
    ("y = a\n- b", "E0003", "-"),
    ("x = “text”", "E0009", "“text”"),
    ("x = a → b", "E0001", "→"),
    ("x = a && b", "E0001", "&&"),
    ("x = a ! b", "E0001", "!"),
    ("x = a ? b : c", "E0001", "?"),
    ("x = it's", "E0001", "'"),
    ("x = \0", "E0001", "\0"),
    ('x = "\ud800"', "E0001", "\ud800"),
    ("# \0", "E0001", "\0"),
    ("from = x", "E0010", "from"),
    ("net for { }", "E0010", "for"),
    ("x = y.all", "E0010", "all"),
    ("arg in = 3", "E0010", "in"),
    ("x = a -> on: relu", "E0010", "on"),
    ("x = 1__0", "E0011", "1__0"),
    ("x = 1_", "E0011", "1_"),
    ("x = 1.\ny = 2", "E0011", "1."),
    ("f = g(1.)", "E0011", "1."),
    ("x = 0x10", "E0011", "0x10"),
    ("x = 0.5.5", "E0011", "0.5.5"),
    ("x = ٣", "E0011", "٣"),
    ("x = " + "9" * 1000, "E0011", "9" * 1000),
    ("x = f(5x5x5)", "E0012", "5x5x5"),
    ("x = f(3x3, 4)", "E0012", "3x3"),
    ("x = 50%\ny = 2", "E0013", "50%"),
    ("x = [10%, 3]", "E0013", "10%"),
    ("x = 10 ms, y = 2", "E0014", "ms"),
    ("x = f(64 KiB)", "E0014", "KiB"),
    ("x = 2 ^ 3", "E0015", "^"),
    ("x = 2**3", "E0015", "**"),
    ("x = a -> my-layer-2: f", "E0017", "my-layer-2"),
    ("my-data = 3", "E0017", "my-data"),
    ("train my-run { }", "E0017", "my-run"),
    ("x = f(null)", "E0018", "null"),
    ("x = None", "E0018", "None"),
    ("if a { b = 1 }", "E0020", "if"),
    ("net n { x = for i in 1..3 { relu } }", "E0020", "for"),
    ("x = a if b else c", "E0020", "if"),
    ("x = if a < b < c then 1 else 2", "E0021", "<"),
    ("x = a -> f * 2", "E0023", "*"),
    ("x = [a -> f + y]", "E0023", "+"),
    ("x = if a = b then 1 else 2", "E0024", "="),
    ("x == 3", "E0025", "=="),
    ("x = 3 // the third number\ny = 4", "E0026", "//"),
    ("// all of it\ny = 4", "E0026", "//"),
    ("/* all\nof it */\ny = 4", "E0026", "/*"),
    ("x = if a then b", "E0028", "if"),
    ('net "n" { }', "E0002", '"n"'),
    ("x = 3 4", "E0002", "4"),
    ("train { steps = 1,, log = 2 }", "E0002", ","),
    ("a.b = 3", "E0002", "="),
    ("def f(x)", "E0002", "("),
    ('import a b from "c"', "E0002", "b"),
    ("net n { on all conv bias = 3 }", "E0002", "bias"),
    ("net", "E0002", ""),
]


@pytest.mark.parametrize(("text", "code", "place"), ONE_EACH, ids=lambda part: repr(part)[:24])
def test_a_mistake_gives_one_message_at_its_place(text: str, code: str, place: str) -> None:
    found = outcome(text).diagnostics
    assert [one.code for one in found] == [code]
    assert found[0].primary is not None and found[0].primary.span.text == place
    assert found[0].title == found[0].title.strip(". ") and found[0].primary.text


@pytest.mark.parametrize(("text", "code", "place"), ONE_EACH, ids=lambda part: repr(part)[:24])
def test_what_follows_a_mistake_is_read(text: str, code: str, place: str) -> None:
    found = outcome(text + "\nblock q -> after_it { return q }\n")
    assert found.value is not None or code in ("E0007", "E0029")
    if "{" not in place and not text.endswith(("->", "=", "and", "return", "net", ")", ".2", "+ b", "- b", "4")):
        assert any(isinstance(item, tree.Block) for item in found.value.items)  # type: ignore[union-attr]


def test_the_names_of_a_broken_statement_can_be_found_again() -> None:
    found = outcome("net n {\n  a = b -> f + 1\n  c = a -> g\n}")
    assert found.value is not None
    assert [span.text for span in found.value.broken] == ["a = b -> f + 1"]
    (net,) = found.value.items
    assert isinstance(net, tree.Section) and len(net.body) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x = (a\n     + b)",
        "x = a +\n  b",
        "x = f(\n  (1, 2),\n  [3],\n)",
        "x =\n  (a, b) -> f",
        "x = [\n  -1,\n  +2]",
        "x = a % b",
        "x = 50 % n",
        "n = 100%n",
        "k { a = 10 }\nms { }",
        "x = 10\nms = 3",
        "x = a // b",
        "x = a // b\nc = 2",
        "x = a-b",
        "x = a - -b",
        "x = y\nnull_ = 3",
        "x = if a then b else if c then d else e",
        'x = "\\n\\t\\"\\\\"',
        "x = \"// no comment ; ' ^\"  # nor this ; ' ^ “",
    ],
)
def test_what_looks_like_a_mistake_and_is_none(text: str) -> None:
    parsed(text)
