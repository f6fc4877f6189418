"""Random syntax trees of every form that the grammar has, as a parser could make them; their spans are empty."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from singalang_grammar import tree
from singalang_grammar.source import Source, Span

SOURCE = Source("random.singa", "")
NO = Span(SOURCE, 0, 0)

Values = st.SearchStrategy[tree.Expr]


def made(kind: Callable[..., Any], *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nodes of a kind, its parts drawn one by one."""
    return st.builds(lambda *given: kind(*given, NO), *parts)


WORDS = ("a", "bias", "conv1", "x_", "Σ", "слой", "f32", "train", "k")
idents = st.sampled_from(WORDS).map(lambda text: tree.Ident(text, NO))
some_idents = st.lists(idents, min_size=1, max_size=3).map(tuple)
paths = st.lists(idents, min_size=1, max_size=3).map(lambda parts: tree.Path(tuple(parts), NO))
strings = st.sampled_from(['""', '"a.b"', '"# no comment"', '"\\"\\\\"', '"layer*"', '"漢"']).map(lambda raw: tree.String(raw, NO))
numbers = st.sampled_from(["0", "1_000", "0.5", ".5", "1e-3", "64KiB", "100k", "1.5e+3ms"]).map(lambda text: tree.Number(text, NO))
constants = st.sampled_from([True, False, None]).map(lambda value: tree.Constant(value, NO))
names = st.sampled_from(WORDS).map(lambda text: tree.Name(text, NO))
leaves: Values = st.one_of(numbers, strings, constants, names)

LEVELS = ("chain", "range", "or", "and", "not", "compare", "sum", "product", "sign", "post")
SIGNS = {"or": ("or",), "and": ("and",), "sum": ("+", "-"), "product": ("*", "/", "//", "%")}


@cache
def values(depth: int, level: int = 0) -> Values:
    """Values that bind at least as tightly as a level of LEVELS, nested no deeper than this."""
    if depth == 0:
        return leaves
    return st.one_of([leaves, *(_forms(depth, LEVELS[at], at) for at in range(level, len(LEVELS)))])


def _forms(depth: int, name: str, level: int) -> Values:
    inner, same, tighter = values(depth - 1), values(depth - 1, level), values(depth - 1, min(level + 1, 9))
    match name:
        case "chain":
            chains = made(tree.Chain, values(depth - 1, 1), stages_of(depth - 1))
            choices = made(tree.Conditional, inner, inner, inner)
            return st.one_of(chains, choices)
        case "range":
            return st.builds(_binary, st.just(".."), tighter, tighter)
        case "compare":
            return st.builds(_binary, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), tighter, tighter)
        case "not":
            return same.map(lambda value: tree.Unary("not", value, NO))
        case "sign":
            return made(tree.Unary, st.sampled_from("+-"), same)
        case "post":
            return _in_brackets(depth)
        case _:
            return st.builds(_binary, st.sampled_from(SIGNS[name]), same, tighter)


def _binary(sign: str, left: tree.Expr, right: tree.Expr) -> tree.Expr:
    return tree.Binary(sign, left, right, NO, NO)


def _in_brackets(depth: int) -> Values:
    inner, post = values(depth - 1), values(depth - 1, 9)
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        inner.map(lambda value: tree.Paren(value, NO)),
        several.map(lambda items: tree.Tuple(items, NO)),
        st.lists(inner, max_size=3).map(lambda items: tree.List(tuple(items), NO)),
        made(tree.Comprehension, inner, idents, inner),
        made(tree.Member, post.filter(lambda value: not isinstance(value, tree.Number)), idents),
        made(tree.Index, post, several),
        made(tree.Call, post, arguments_of(depth - 1)),
    )


@cache
def arguments_of(depth: int) -> st.SearchStrategy[tuple[tree.Argument, ...]]:
    """What may stand between the parentheses of a call or layer."""
    one = made(tree.Argument, st.none() | idents, values(depth))
    return st.lists(one, max_size=3).map(tuple)


@cache
def stages_of(depth: int) -> st.SearchStrategy[tuple[tree.Stage, ...]]:
    """The stages of a chain."""
    label = st.none() | idents
    layer = made(tree.LayerStage, label, paths, st.none() | arguments_of(depth))
    if depth == 0:
        return st.lists(layer, min_size=1, max_size=3).map(tuple)
    inner = stages_of(depth - 1)
    loop = made(tree.ForStage, label, idents, values(depth), inner)
    choice = made(tree.IfStage, label, values(depth), inner)
    phase = made(
        tree.WhenStage,
        label,
        st.booleans(),
        some_idents,
        inner,
    )
    stage: st.SearchStrategy[tree.Stage] = st.one_of(layer, layer, loop, choice, phase)
    return st.lists(stage, min_size=1, max_size=3).map(tuple)


selectors: st.SearchStrategy[tree.Selector] = st.one_of(
    strings.map(lambda pattern: tree.GlobSelector(pattern, NO)),
    paths.map(lambda path: tree.NameSelector(path, NO)),
    made(tree.RangeSelector, paths, paths),
    (st.none() | idents).map(lambda kind: tree.KindSelector(kind, NO)),
)


@cache
def items_of(depth: int) -> st.SearchStrategy[tuple[tree.Item, ...]]:
    """The items of a file or body."""
    value = values(2)
    maybe = st.none() | value
    parameters = st.lists(made(tree.BlockParameter, idents, maybe), max_size=3).map(tuple)
    plain: list[st.SearchStrategy[tree.Item]] = [
        made(tree.Import, st.none() | some_idents, strings),
        made(
            tree.Arg,
            idents,
            st.none() | idents,
            maybe,
            maybe,
        ),
        made(tree.Bind, idents, value),
        made(tree.Declaration, idents, values(2, 1)),
        made(tree.Flow, paths, stages_of(2)),
        made(tree.Return, value),
    ]
    if depth == 0:
        return st.lists(st.one_of(plain), max_size=3).map(tuple)
    body = items_of(depth - 1)
    bodies: list[st.SearchStrategy[tree.Item]] = [
        made(tree.Block, some_idents, idents, st.none() | parameters, body),
        made(tree.Section, idents, st.none() | idents, body),
        made(tree.On, st.lists(selectors, min_size=1, max_size=3).map(tuple), body),
        made(tree.When, st.booleans(), some_idents, body),
    ]
    return st.lists(st.one_of([*plain, *bodies]), max_size=4).map(tuple)


programs = items_of(2).map(lambda items: tree.Program(items, SOURCE))
