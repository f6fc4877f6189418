"""Where a name is looked up, and what is around an expression while it is evaluated. Knows no file format and no library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from singalang_compiler.codes.e0104_hidden_name import HiddenName
from singalang_compiler.job import PHASES
from singalang_compiler.library.kinds import Kind
from singalang_compiler.resolve.session import Session
from singalang_compiler.resolve.values import Poison, Value
from singalang_grammar.source import Span
from singalang_grammar.tree import Binary, Chain, Expr, Ident, List, Name, Paren, Tuple, Unary


class Absent:
    """What a scope answers where it does not have a name (`none` is a value)."""


ABSENT = Absent()


class Scope(Protocol):
    """A place where names are looked up, with all that is around it."""

    def find(self, name: str, use: Span) -> Value | Absent:
        """The value of a name, worked out if need be, or ABSENT."""

    def names(self) -> Iterable[str]:
        """Every name that can be found."""

    def taken(self, name: str) -> tuple[str, Span | None] | None:
        """What has this name already, with its article, and where."""

    def origin(self, name: str) -> Origin | None:
        """Where the value of a name is written, if in one place."""


Origin: TypeAlias = "tuple[Expr, Scope]"
"""An expression, and the scope that its names are looked up in."""


class Visible(Protocol):
    """The kinds and blocks that a file can use."""

    def kind(self, family: str, name: str) -> Kind | None:
        """The kind of this family and name."""

    def kind_names(self, family: str) -> Iterable[str]:
        """Names of all kinds of a family."""

    def block(self, name: str) -> Any | None:
        """The block of this name: a `BlockDefinition`."""

    def block_names(self) -> Iterable[str]:
        """Names of all blocks."""

    def is_lost(self, name: str) -> bool:
        """Whether the name would have come from an import that failed: it must not be called unknown."""


class Maker(Protocol):
    """What makes layers: the body of a net or block."""

    def chain(self, expr: Chain, place: Place, binding: Ident | None) -> Value:
        """The value of a chain."""

    def operate(self, expr: Binary | Unary, left: Value, right: Value, place: Place, binding: Ident | None) -> Value:
        """The value of an operator on layers; a sign has its number -1 at the left."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is around an expression.

    `maker` is None outside nets. `groups` are the instances and labelled loops around it, by full name. `unsure`: whether
    it is evaluated at all is not known, so layers are checked and not made. `words`: an unknown bare word is an enum word.
    """

    session: Session
    scope: Scope
    visible: Visible
    maker: Maker | None = None
    phases: frozenset[str] = frozenset(PHASES)
    groups: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    looped: bool = False
    unsure: bool = False
    words: bool = False
    commented: bool = False

    def repeated(self, name: Ident, items: Expr) -> Callable[[int, Value], Place]:
        """The same place in each pass of a loop over a list, given the number of the pass and its item."""
        spans = {name.text: name.span}
        while isinstance(items, Paren):
            items = items.value
        written = items.items if isinstance(items, List | Tuple) else ()

        def inside(number: int, item: Value) -> Place:
            origins = {name.text: (written[number], self.scope)} if number < len(written) else {}
            return replace(self, scope=Local(self.scope, {name.text: item}, "a loop variable", spans, origins))

        return inside


@dataclass(frozen=True)
class Local:
    """A few names around one expression: a loop variable, or the inputs and attributes of a block."""

    parent: Scope
    values: Mapping[str, Value]
    what: str
    spans: Mapping[str, Span] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def find(self, name: str, use: Span) -> Value | Absent:
        """The value of a name."""
        return self.values[name] if name in self.values else self.parent.find(name, use)

    def names(self) -> Iterable[str]:
        """Every name that can be found."""
        return [*self.values, *self.parent.names()]

    def taken(self, name: str) -> tuple[str, Span | None] | None:
        """What has this name already."""
        return (self.what, self.spans.get(name)) if name in self.values else self.parent.taken(name)

    def origin(self, name: str) -> Origin | None:
        """Where the value of a name is written."""
        return self.origins.get(name) if name in self.values else self.parent.origin(name)


def refuse_hidden(name: Ident, place: Place) -> None:
    """Reports a new name that hides one which can be seen."""
    found = place.scope.taken(name.text)
    if found is not None:
        what, span = found
        place.session.report(HiddenName(name.text, name.span, what, span))


def written_at(expr: Expr, scope: Scope) -> Expr:
    """The expression that a bare name stands for, through constants, args, loops and attributes of blocks; else the expression."""
    for _ in range(20):
        while isinstance(expr, Paren):
            expr = expr.value
        origin = scope.origin(expr.text) if isinstance(expr, Name) else None
        if origin is None:
            break
        expr, scope = origin
    return expr


def is_poison(value: object) -> bool:
    """Whether something was reported in place of the value."""
    return isinstance(value, Poison)
