"""The statements of a body, the order in which they are run, and the scope that their names make. Evaluates nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from singalang_compiler.resolve.scopes import ABSENT, Absent, Origin, Place, Scope
from singalang_compiler.resolve.values import Value
from singalang_compiler.resolve.walking import Seen
from singalang_grammar.source import Span
from singalang_grammar.tree import Bind, Expr, Flow, Ident, Return


class Names(Protocol):
    """The names of a body, as its scope sees them."""

    def defines(self, name: str) -> bool:
        """Whether a statement or label of the body has this name."""

    def defined_at(self, name: str) -> Span | None:
        """Where a name of the body is defined."""

    def names(self) -> list[str]:
        """Every name that the body has so far."""

    def written(self, name: str) -> Expr | None:
        """The expression that a name of the body is bound to."""

    def lookup(self, name: str, use: Span) -> Value | Absent:
        """The value of a name of the body; runs the statement that it comes from, if need be."""


@dataclass(eq=False)
class Statement:
    """A statement of a body. `value` is known once it has run."""

    item: Bind | Flow | Return
    place: Place
    seen: Seen
    state: str = "new"
    value: Value = field(default=None, repr=False)

    @property
    def name(self) -> Ident:
        """What a message calls it: the name that it gives a value, else its first label, else what it begins with."""
        match self.item:
            case Bind(name=name):
                return name
            case Flow(head=head):
                labels = (*self.seen.labels, *self.seen.loop_labels)
                return labels[0] if labels else Ident(head.text, head.span)
            case Return(span=span):
                return Ident("return", span)


@dataclass(frozen=True, eq=False)
class BodyScope:
    """The names of a body, over those of the file or block that it stands in."""

    body: Names
    parent: Scope

    def find(self, name: str, use: Span) -> Value | Absent:
        """The value of a name: one of the body, else of what is around it."""
        around = self.parent.find(name, use) if not self.body.defines(name) else ABSENT
        return around if around is not ABSENT else self.body.lookup(name, use)

    def names(self) -> Iterable[str]:
        """Every name that can be found."""
        return [*self.body.names(), *self.parent.names()]

    def taken(self, name: str) -> tuple[str, Span | None] | None:
        """What has this name already."""
        span = self.body.defined_at(name)
        return ("a name of the net", span) if span else self.parent.taken(name)

    def origin(self, name: str) -> Origin | None:
        """Where the value of a name is written."""
        if not self.body.defines(name):
            return self.parent.origin(name)
        expr = self.body.written(name)
        return (expr, self) if expr is not None else None


def needed_first(statements: list[Statement], by_name: dict[str, Statement]) -> list[Statement]:
    """The statements in their order, but each after those whose names it uses: so that evaluation need not go deep.

    Where statements need one another in a circle, the first of the file comes first, and evaluation tells of the circle.
    """
    ordered: list[Statement] = []
    closed: dict[int, bool] = {}  # False while its needs are being visited
    for root in statements:
        start, circular = len(ordered), False
        waiting = [(root, False)]
        while waiting:
            statement, finished = waiting.pop()
            if finished:
                closed[id(statement)] = True
                ordered.append(statement)
            elif id(statement) not in closed:
                closed[id(statement)] = False
                waiting.append((statement, True))
                for name in sorted(statement.seen.names, reverse=True):
                    needed = by_name.get(name)
                    if needed is not None and needed is not statement:
                        circular = circular or closed.get(id(needed)) is False
                        if id(needed) not in closed:
                            waiting.append((needed, False))
        if circular:
            ordered.insert(start, root)
    return ordered
