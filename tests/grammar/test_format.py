"""The laws of the formatter, over random trees, random comments and line ends, and the examples; and how its pages look."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from singalang_grammar import tree
from singalang_grammar.diagnostics import CompilerBug
from singalang_grammar.format.labels import without_needless_labels
from singalang_grammar.format.layout import WIDTH
from singalang_grammar.format.program import format_program
from singalang_grammar.parse import tables
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source
from tests.conftest import Golden
from tests.grammar.rounds import EXAMPLES, outcome, parsed
from tests.grammar.trees import programs

LAWS = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def formatted(text: str) -> str:
    return format_program(parsed(text))


def comments(text: str) -> Counter[str]:
    return Counter(comment.text for comment in parsed(text).comments)


def check_laws(text: str) -> str:
    """Formats a text; nothing is lost, and a second time changes nothing."""
    once = formatted(text)
    assert parsed(once) == without_needless_labels(parsed(text))
    assert comments(once) == comments(text)
    assert formatted(once) == once
    assert "\n\n\n" not in once and not re.search(r"[ \t]$", once, re.MULTILINE)
    return once


@LAWS
@given(programs)
def test_a_tree_survives_being_written(program: tree.Program) -> None:
    text = format_program(program)
    again = parsed(text)
    assert again == without_needless_labels(program)
    assert format_program(again) == text


@LAWS
@given(programs, st.integers(0, 2**32))
def test_comments_and_line_ends_anywhere_survive(program: tree.Program, seed: int) -> None:
    random = Random(seed)
    words = [word.value for word in tables.load().lex(format_program(program))]
    text = "".join(word + _between(random, place) for place, word in enumerate(words))
    if not outcome(text).diagnostics:  # a line end before `(` may make it another program
        check_laws(text)


def _between(random: Random, place: int) -> str:
    chance = random.random()
    if chance < 0.06:
        return f"  # comment {place}\n"
    if chance < 0.09:
        return f"\n\n\n# own {place}\n" + "\n" * random.randrange(3)
    return "\n" if chance < 0.14 else "\n\n\n" if chance < 0.16 else " "


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_in_canonical_layout(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert check_laws(text) == text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_on_one_line_or_one_word_a_line_keeps_its_meaning(example: Path) -> None:
    program = parsed(example.read_text(encoding="utf-8"))
    words = [word.value for word in tables.load().lex(program.source.text)]
    check_laws(" ".join(words))
    lines = "\n".join(words)
    assert parse(Source("x", re.sub(r"\n(?=[(\[+-])", " ", lines))).value == program
    check_laws(re.sub(r"\n(?=[(\[+-])", " ", lines))


def test_every_word_and_sign_of_the_grammar_is_in_the_trees_that_are_tested() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES) + PAGE
    seen = {(word.type, word.value) for word in tables.load().lex(check_laws(PAGE))}
    seen |= {(word.type, word.value) for word in tables.load().lex(text)}
    kinds = {kind for kind, _ in seen}
    assert kinds == {terminal.name for terminal in tables.load().terminals} - set(tables.load().lexer_conf.ignore)
    for kind, signs in (("ADD_OP", "+ -"), ("MUL_OP", "* / // %"), ("CMP_OP", "== != < <= > >=")):
        assert {value for found, value in seen if found == kind} == set(signs.split())


PAGE = """
import   all from "a.singa"   # everything
import b , c from "d.py"
arg n : int=3 in [ 1,2 ]
arg name  = "x"
arg without
long_name=1
k   =  -2 + +3 * 4 / 5 // 6 % 7
t = if a==1 and b!=2 or not c<3 then d<=4 else e>5
u = f >= 6
v = true
w = [false,none]
r = 1..4


block x->f { return x->relu }
block (x,y)->g(n,m=2) {


  # first


  return (x,y)->concat(axis=1)  # last
  # after
}
net m { on all conv,a.b,c..d,"x*",all {
 w=1 } when not train , test{z=a->b } d.x->l:f(1,k=v)->for i in [1,2]{g->h}->if c{ q }->when train{ p }
  out=d.x->out:dense(10)
  s = [tower[k].x(3) for k in 0..2]
}
empty{}
one { a=1,b=2 }  # short
several { a=1,
b=2 }
data d { image:f32[3,4]  # pixels
 y:class(10)   # one of ten
 t=(1,) }
chain = a -> very_long_name_of_a_layer(1000, 2000, 3000) -> very_long_name_of_a_layer(1000, 2000, 3000) -> b -> c -> d -> e -> f
call = piecewise((0, 0.1), (10k, 0.01), (20k, 0.001), (30k, 0.0001), (40k, 0.00001), (50k, 0.000001), (60k, 0.0000001))
loop = a -> for i in 1..3 {  # three times
  dense(10) # one
  # two
  -> relu
  # three
}
  # above the chain
  -> b(1, # first
    2,
    # before the third
    k = 3) -> c
where = a +  # lost in a sum
  b
"""


def test_a_page_with_everything_looks_like_this(golden: Golden) -> None:
    golden("grammar/format_page.txt", check_laws(PAGE))


def test_a_tree_without_text_gets_empty_lines_between_sections() -> None:
    program = parsed("a = 1\nb = 2\nnet n { }\ntrain { steps = 1 }\nc = 3\n")
    bare = tree.Program(program.items, Source("", ""))
    assert format_program(bare) == "a = 1\nb = 2\n\nnet n {}\n\ntrain { steps = 1 }\n\nc = 3\n"


def test_long_lines_are_broken_where_they_can_be() -> None:
    text = check_laws("net n { x = " + " -> ".join(f"layer_{place}(size = {place})" for place in range(40)) + " }")
    assert max(map(len, text.splitlines())) <= WIDTH and text.count("\n") < 15
    text = check_laws("x = [" + ", ".join(map(str, range(1000))) + "]")
    assert max(map(len, text.splitlines())) <= WIDTH and text.count("\n") < 50


def test_a_needless_label_is_dropped_and_no_other() -> None:
    assert formatted("net n { a = x -> b: f -> a: g(1) }") == "net n { a = x -> b: f -> g(1) }\n"
    for text in ("a = x -> a: f -> g\n", "a = (x -> a: f)\n", "a = x -> for i in b { a: f }\n", "a = x -> a: if b { f }\n"):
        assert formatted(text) == text


def test_parentheses_that_a_made_tree_lacks_are_put_in() -> None:
    def bound(value: tree.Expr) -> str:
        span = value.span
        return format_program(tree.Program((tree.Bind(tree.Ident("x", span), value, span),), Source("", "")))

    span = parsed("x = 1").items[0].span
    a, b = tree.Name("a", span), tree.Name("b", span)
    added = tree.Binary("+", a, b, span, span)
    chain = tree.Chain(a, (tree.LayerStage(None, tree.Path((tree.Ident("f", span),), span), None, span),), span)
    assert bound(tree.Binary("*", added, added, span, span)) == "x = (a + b) * (a + b)\n"
    assert bound(tree.Binary("-", a, added, span, span)) == "x = a - (a + b)\n"
    assert bound(tree.Unary("-", added, span)) == "x = -(a + b)\n"
    assert bound(tree.Member(chain, tree.Ident("width", span), span)) == "x = (a -> f).width\n"
    assert bound(tree.Binary("==", tree.Binary("==", a, b, span, span), b, span, span)) == "x = (a == b) == b\n"
    assert bound(tree.Chain(chain, chain.stages, span)) == "x = (a -> f) -> f\n"


def test_a_program_with_mistakes_is_refused() -> None:
    found = outcome("net n {\n  x = a -> f + 1\n}")
    assert found.value is not None and found.value.broken
    with pytest.raises(CompilerBug):
        format_program(found.value)


def test_deep_trees_are_written() -> None:
    for text in ("x = " + "f(-" * 60 + "1" + ")" * 60, "x = a" + " + a" * 190, "x = a" + "[b].c(d)" * 60, "a { " * 60 + "}" * 60):
        check_laws(text)
