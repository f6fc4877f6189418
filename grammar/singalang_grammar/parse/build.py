"""Tree nodes, built while Lark's tables reduce. Knows the rules of `singa.lark` by their names, and nothing of recovery.

A rule's method gets its children, words and signs included; repetitions come flattened. Each node that can nest is
noted with its depth, so that later stages may walk the tree by recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Protocol, TypeAlias, TypeVar

from lark import Token
from lark.grammar import NonTerminal, Rule

from singalang_grammar import tree
from singalang_grammar.codes.e0018_foreign_constant import ForeignConstant
from singalang_grammar.codes.e0022_value_with_colon import ValueWithColon
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Source, Span

Children: TypeAlias = list[Any]
Reduction: TypeAlias = Callable[[Children], Any]

DEPTH_LIMIT = 200
"""Levels of a tree, its deepest leaf included."""

FOREIGN: dict[str, bool | None] = {
    "True": True,
    "TRUE": True,
    "False": False,
    "FALSE": False,
    "None": None,
    "null": None,
    "NULL": None,
    "nil": None,
}


class _Spanned(Protocol):
    @property
    def span(self) -> Span: ...


Node = TypeVar("Node", bound=_Spanned)


@dataclass(frozen=True, slots=True)
class _Group:
    """Nodes between brackets, the brackets' span included: gone when the node around it is made."""

    nodes: tuple[Any, ...]
    span: Span


class TooDeepTree(Exception):
    """A tree deeper than the limit; `span` is the node that is one level too deep."""

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.span = span


class Builder:
    """Makes the nodes of one source. `problems` collects mistakes that only a finished node shows."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self._depths: dict[int, int] = {}  # id of a node -> its depth; leaves, of depth 1, are left out

    def reductions(self, rules: Iterable[Rule]) -> dict[Rule, Reduction]:
        """What to do when a rule is reduced."""
        return {rule: self._reduction(rule) for rule in rules}

    def _reduction(self, rule: Rule) -> Reduction:
        name, parts = rule.origin.name, rule.expansion
        if name.startswith("_"):  # a piece of another rule: a repetition, or a choice
            if len(parts) > 1 and parts[0] == rule.origin:
                return _longer
            if name.startswith("__"):
                return list
            return itemgetter(0) if parts else list
        if rule.options.expand1 and not rule.alias and len(parts) == 1:
            return itemgetter(0)
        method: Reduction = getattr(self, "_" + str(rule.alias or name).strip("_"))
        if any(isinstance(part, NonTerminal) and part.name.startswith(("__", "_items")) for part in parts):
            return lambda children: method(_flat(children))
        return method

    # ---- places and depths ------------------------------------------------------------------------------------------

    def _span(self, children: Children) -> Span:
        first, last = children[0], children[-1]
        start = first.start_pos if type(first) is Token else first.span.start
        end = last.end_pos if type(last) is Token else last.span.end
        return Span(self.source, start, end)  # type: ignore[arg-type]

    def _ident(self, token: Token) -> tree.Ident:
        return tree.Ident(token.value, self._word(token))

    def _names(self, children: Children) -> tuple[tree.Ident, ...]:
        return tuple([self._ident(child) for child in children if child.type == "NAME"])

    def _argument(self, child: Any) -> tree.Argument:
        return child if type(child) is tree.Argument else self._note(tree.Argument(None, child, child.span), child)

    def _word(self, token: Token) -> Span:
        return Span(self.source, token.start_pos or 0, token.end_pos or 0)

    def _note(self, node: Node, *inner: object) -> Node:
        """Notes the depth of a node over these, and hands it back."""
        depths = self._depths
        depth = 1 + max([depths.get(id(child), 1) for child in inner], default=0)
        if depth > DEPTH_LIMIT:
            raise TooDeepTree(node.span)
        if depth > 1:
            depths[id(node)] = depth
        return node

    # ---- items ------------------------------------------------------------------------------------------------------

    def _start(self, children: Children) -> tuple[tree.Item, ...]:
        return _values(children)

    def _import(self, children: Children) -> tree.Import:
        names = None if children[1].type == "ALL" else self._names(children[1:-2])
        return tree.Import(names, self._string(children[-1:]), self._span(children))

    def _arg(self, children: Children) -> tree.Arg:
        found: dict[str, Any] = {}
        for sign, value in zip(children[2::2], children[3::2], strict=True):
            found[sign.type] = value
        kind, default, allowed = found.get("COLON"), found.get("EQUAL"), found.get("IN")
        type_ = self._ident(kind) if kind is not None else None
        node = tree.Arg(self._ident(children[1]), type_, default, allowed, self._span(children))
        return self._note(node, default, allowed)

    def _block(self, children: Children) -> tree.Block:
        parameters = children[4] if len(children) > 5 else None
        inside = parameters.nodes if parameters else None
        body = children[-1]
        node = tree.Block(children[1], self._ident(children[3]), inside, body.nodes, self._span(children))
        return self._note(node, *body.nodes, *(inside or ()))

    def _section(self, children: Children) -> tree.Section:
        name = self._ident(children[1]) if len(children) > 2 else None
        body = children[-1].nodes
        return self._note(tree.Section(self._ident(children[0]), name, body, self._span(children)), *body)

    def _body(self, children: Children) -> _Group:
        return _Group(_values(children), self._span(children))

    def _bind(self, children: Children) -> tree.Bind:
        value = children[2]
        return self._note(tree.Bind(self._ident(children[0]), value, self._span(children)), value)

    def _decl(self, children: Children) -> tree.Declaration | tree.Bind:
        name, colon, value = children
        if type(value) is tree.Chain:
            self.problems.append(ValueWithColon(self._word(name), self._word(colon)).diagnostic())
            return self._bind(children)
        return self._note(tree.Declaration(self._ident(name), value, self._span(children)), value)

    def _flow(self, children: Children) -> tree.Flow:
        stages = tuple(children[2::2])
        return self._note(tree.Flow(children[0], stages, self._span(children)), *stages)

    def _on(self, children: Children) -> tree.On:
        body = children[-1].nodes
        return self._note(tree.On(tuple(children[1:-1:2]), body, self._span(children)), *body)

    def _when(self, children: Children) -> tree.When | tree.WhenStage:
        negated = children[1].type == "NOT"
        body = children[-1]
        if type(body) is _Group:
            phases = self._names(children[2 if negated else 1 : -1])
            return self._note(tree.When(negated, phases, body.nodes, self._span(children)), *body.nodes)
        phases = self._names(children[2 if negated else 1 : -3])
        stages = children[-2]
        return self._note(tree.WhenStage(None, negated, phases, stages, self._span(children)), *stages)

    def _return(self, children: Children) -> tree.Return:
        return self._note(tree.Return(children[1], self._span(children)), children[1])

    def _inputs(self, children: Children) -> tuple[tree.Ident, ...]:
        return self._names(children)

    def _params(self, children: Children) -> _Group:
        return _Group(_values(children), self._span(children))

    def _param(self, children: Children) -> tree.BlockParameter:
        default = children[2] if len(children) > 1 else None
        return self._note(tree.BlockParameter(self._ident(children[0]), default, self._span(children)), default)

    # ---- selectors --------------------------------------------------------------------------------------------------

    def _sel_glob(self, children: Children) -> tree.GlobSelector:
        return tree.GlobSelector(self._string(children), self._span(children))

    def _sel_name(self, children: Children) -> tree.NameSelector:
        return tree.NameSelector(children[0], self._span(children))

    def _sel_range(self, children: Children) -> tree.RangeSelector:
        return tree.RangeSelector(children[0], children[2], self._span(children))

    def _sel_kind(self, children: Children) -> tree.KindSelector:
        return tree.KindSelector(self._ident(children[1]) if len(children) > 1 else None, self._span(children))

    # ---- chains -----------------------------------------------------------------------------------------------------

    def _cond(self, children: Children) -> tree.Conditional:
        test, yes, no = children[1::2]
        return self._note(tree.Conditional(test, yes, no, self._span(children)), test, yes, no)

    def _chain(self, children: Children) -> tree.Chain:
        stages = tuple(children[2::2])
        return self._note(tree.Chain(children[0], stages, self._span(children)), children[0], *stages)

    def _stage(self, children: Children) -> tree.Stage:
        core: tree.Stage = children[-1]
        if len(children) == 1:
            return core
        label, span = self._ident(children[0]), self._span(children)
        match core:
            case tree.LayerStage():
                labelled: tree.Stage = tree.LayerStage(label, core.kind, core.arguments, span)
            case tree.ForStage():
                labelled = tree.ForStage(label, core.name, core.items, core.stages, span)
            case tree.IfStage():
                labelled = tree.IfStage(label, core.test, core.stages, span)
            case _:
                labelled = tree.WhenStage(label, core.negated, core.phases, core.stages, span)
        self._depths[id(labelled)] = self._depths.pop(id(core), 1)  # the bare stage dies, and its id may come back
        return labelled

    def _layer(self, children: Children) -> tree.LayerStage:
        arguments = children[1].nodes if len(children) > 1 else None
        node = tree.LayerStage(None, children[0], arguments, self._span(children))
        return self._note(node, *arguments) if arguments else node

    def _for(self, children: Children) -> tree.ForStage:
        items, stages = children[3], children[5]
        node = tree.ForStage(None, self._ident(children[1]), items, stages, self._span(children))
        return self._note(node, items, *stages)

    def _if(self, children: Children) -> tree.IfStage:
        test, stages = children[1], children[3]
        return self._note(tree.IfStage(None, test, stages, self._span(children)), test, *stages)

    def _stages(self, children: Children) -> tuple[tree.Stage, ...]:
        return tuple(children[::2])

    def _path(self, children: Children) -> tree.Path:
        return tree.Path(tuple([self._ident(part) for part in children[::2]]), self._span(children))

    def _args(self, children: Children) -> _Group:
        return _Group(tuple([self._argument(child) for child in children if type(child) is not Token]), self._span(children))

    def _kwarg(self, children: Children) -> tree.Argument:
        value = children[2]
        return self._note(tree.Argument(self._ident(children[0]), value, self._span(children)), value)

    # ---- expressions ------------------------------------------------------------------------------------------------

    def _binop(self, children: Children) -> tree.Binary:
        left, sign, right = children
        node = tree.Binary(sign.value, left, right, self._word(sign), self._span(children))
        return self._note(node, left, right)

    _range = _or = _and = _cmp = _binop

    def _unop(self, children: Children) -> tree.Unary:
        return self._note(tree.Unary(children[0].value, children[1], self._span(children)), children[1])

    _not_op = _unop

    def _member(self, children: Children) -> tree.Member:
        node = tree.Member(children[0], self._ident(children[2]), self._span(children))
        return self._note(node, children[0])

    def _index(self, children: Children) -> tree.Index:
        items = _values(children[2:])
        return self._note(tree.Index(children[0], items, self._span(children)), children[0], *items)

    def _call(self, children: Children) -> tree.Call:
        callee, arguments = children[0], children[1].nodes
        return self._note(tree.Call(callee, arguments, self._span(children)), callee, *arguments)

    def _number(self, children: Children) -> tree.Number:
        return tree.Number(children[0].value, self._word(children[0]))

    def _string(self, children: Children) -> tree.String:
        return tree.String(children[0].value, self._word(children[0]))

    def _name(self, children: Children) -> tree.Name | tree.Constant:
        word, span = children[0].value, self._word(children[0])
        if word in FOREIGN:
            value = FOREIGN[word]
            self.problems.append(ForeignConstant(span, "none" if value is None else str(value).lower()).diagnostic())
            return tree.Constant(value, span)
        return tree.Name(word, span)

    def _true(self, children: Children) -> tree.Constant:
        return tree.Constant(True, self._word(children[0]))

    def _false(self, children: Children) -> tree.Constant:
        return tree.Constant(False, self._word(children[0]))

    def _none(self, children: Children) -> tree.Constant:
        return tree.Constant(None, self._word(children[0]))

    def _all(self, children: Children) -> tree.Name:
        """The one reserved word that is also a value: `split = all`."""
        return tree.Name("all", self._word(children[0]))

    def _list(self, children: Children) -> tree.List:
        items = _values(children)
        return self._note(tree.List(items, self._span(children)), *items)

    def _comprehension(self, children: Children) -> tree.Comprehension:
        value, items = children[1], children[5]
        node = tree.Comprehension(value, self._ident(children[3]), items, self._span(children))
        return self._note(node, value, items)

    def _paren(self, children: Children) -> tree.Paren:
        return self._note(tree.Paren(children[1], self._span(children)), children[1])

    def _tuple(self, children: Children) -> tree.Tuple:
        items = _values(children)
        return self._note(tree.Tuple(items, self._span(children)), *items)


def _values(children: Children) -> tuple[Any, ...]:
    return tuple([child for child in children if type(child) is not Token])


def _flat(children: Children) -> Children:
    flat: Children = []
    for child in children:
        if type(child) is list:
            flat += child
        else:
            flat.append(child)
    return flat


def _longer(children: Children) -> Children:
    children[0].extend(children[1:])
    repeated: Children = children[0]
    return repeated
