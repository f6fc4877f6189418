"""What an expression of a program may come to. Knows how a value is described to people, and nothing of evaluation.

Numbers, strings, booleans and `none` are Python's own; lists and tuples are tuples. Everything else has a class here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from singalang_compiler.job import Epochs
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import TensorSpec
from singalang_grammar.source import Span
from singalang_grammar.tree import Expr, Ident

Value: TypeAlias = object
"""int, float, str, bool, None, tuple, or one of the classes below."""


class Poison:
    """The value of something that is wrong and was reported: what depends on it stays silent."""

    def __repr__(self) -> str:
        return "POISON"


POISON = Poison()


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word of a closed list: `feature`. `words` is the list, where it is known."""

    text: str
    words: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit, in seconds, bytes, or bits a second."""

    value: int | float
    unit: Literal["Seconds", "Bytes", "Bandwidth"]


class Owner(Protocol):
    """A net or data section, as the values that come from it see it."""

    name: str

    def member(self, name: Ident, of: Any) -> Value:
        """What `of.name` is; `of` is a value of this owner, or the owner itself. Reports what does not exist."""


@dataclass(frozen=True, slots=True)
class LayerValue:
    """The output of a layer. `node` is its name in the net, `group` that of the block instance whose value it is."""

    owner: Owner = field(repr=False)
    node: str
    phases: frozenset[str]
    span: Span = field(compare=False, repr=False)
    group: str | None = None


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field of a data section."""

    owner: Owner = field(repr=False)
    data: str
    name: str
    spec: TensorSpec
    phases: frozenset[str]
    span: Span = field(compare=False, repr=False)

    @property
    def node(self) -> str:
        """Its name in the graph of a net."""
        return f"{self.data}.{self.name}"


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter of a layer: `embed.weight`, or its transpose."""

    net: str
    layer: str
    name: str
    transposed: bool = False


@dataclass(frozen=True, slots=True)
class HolderValue:
    """A net or a data section, named as such."""

    what: Literal["net", "data section"]
    owner: Owner = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A kind with its attributes, `gaussian(std = 0.1)`: worked out where it is used and its family is known."""

    expr: Expr
    place: Any = field(repr=False, compare=False)


Tensor: TypeAlias = LayerValue | FieldValue


def is_number(value: Value) -> bool:
    """Whether it is a plain number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def described(value: Value) -> str:
    """The value as a message names it."""
    match value:
        case None:
            return "`none`"
        case bool():
            return f"`{str(value).lower()}`, which is no number"
        case int() | float():
            return f"the number `{shown(value)}`"
        case str():
            return f"the string `{shown(value)}`"
        case tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case Word(text=text):
            return f"the word `{text}`"
        case Quantity(unit=unit):
            return {"Seconds": "a time", "Bytes": "a size in bytes", "Bandwidth": "a bandwidth"}[unit]
        case LayerValue(node=node):
            return f"the layer `{node}`"
        case FieldValue():
            return f"the field `{value.node}`"
        case ParameterValue(layer=layer, name=name):
            return f"the parameter `{layer}.{name}`"
        case HolderValue(what=what, owner=owner):
            return f"the {what} `{owner.name}`"
        case Epochs():
            return "a number of epochs"
        case Configured(kind=kind):
            return f"`{kind.name}(...)`"
        case Deferred(expr=expr):
            return f"`{_head(expr.span.text)}`"
    return "something else"


def shown(value: Value) -> str:
    """The value as a user would write it, cut where it is long."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return _cut(f'"{value}"')
        case tuple():
            return _cut("[" + ", ".join(shown(item) for item in value[:12]) + (", ..." if len(value) > 12 else "") + "]")
        case Word(text=text):
            return text
        case int() | float():
            return repr(value)
    return described(value)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:36] + "..."


def _head(text: str) -> str:
    return text if len(text) <= 40 and "\n" not in text else text.split("(")[0][:36] + "(...)"
