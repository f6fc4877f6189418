"""Types of attributes and fields: read from annotations, checked against values. The one schema of the language.

An attribute is a field of a dataclass; its annotation is read as *text*, so a user's Python file can be checked without
being run. What an annotation may be:

    int  float  bool  str           a scalar; an int is taken where a float is wanted
    Literal["batch", "local"]       one of these words, written without quotes in a program
    tuple[int, int]  tuple[int, ...]
    A | B  A | None                 any of these; `none` in a program is None
    Annotated[int, "x >= 1"]        with a condition; also "0 <= x < 1"
    Seconds  Bytes  Bandwidth       numbers with a unit
    Steps                           a number of steps, or epochs(n)
    Initialiser  Schedule  Algorithm  Updater  Source      a kind of this family, with its attributes
    Name                            a word that names something, taken as it is written
    Every  Groups  Patience  Average  Hogwild  Outer       a form that only sections have: every(100), groups(4, size = 2)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

Steps: TypeAlias = int
"""A number of steps. Where a program writes `epochs(n)`, methods of a kind are called with the whole number that it makes;
`__post_init__` may see it before it is known, as something that is no int."""
Seconds: TypeAlias = float
Bytes: TypeAlias = int
Bandwidth: TypeAlias = float
"""Bits a second."""
Name: TypeAlias = str

FAMILIES = {
    "Layer": "layers",
    "Updater": "updaters",
    "Schedule": "schedules",
    "Initialiser": "inits",
    "Algorithm": "algorithms",
    "Metric": "metrics",
    "Source": "sources",
    "Sink": "sinks",
}
"""Name of a family's base class -> its folder in the library, which is the family's name everywhere else."""


class ScalarType(msgspec.Struct, frozen=True):
    """`int`, `float`, `bool`, `str`, or `Name`, `Steps`."""

    name: str

    def __str__(self) -> str:
        """The type as a message names it."""
        return _WORDS[self.name]


class UnitType(msgspec.Struct, frozen=True):
    """A number in a unit: `Seconds`, `Bytes`, `Bandwidth` (bits a second)."""

    name: str

    def __str__(self) -> str:
        """The type as a message names it."""
        return _WORDS[self.name]


class WordType(msgspec.Struct, frozen=True):
    """One of a closed list of words."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        """The type as a message names it."""
        return "one of " + ", ".join(f"`{word}`" for word in self.words)


class NoneType(msgspec.Struct, frozen=True):
    """`none`."""

    def __str__(self) -> str:
        """The type as a message names it."""
        return "`none`"


class TupleType(msgspec.Struct, frozen=True):
    """A list or tuple: `items` of fixed length, or any number of the first where `repeated`."""

    items: tuple[AttributeType, ...]
    repeated: bool = False

    def __str__(self) -> str:
        """The type as a message names it."""
        if self.repeated:
            return "a list of " + re.sub(r"^an? ((?:whole )?number|string|name)\b", r"\1s", str(self.items[0]))
        return "(" + ", ".join(str(item) for item in self.items) + ")"


class FamilyType(msgspec.Struct, frozen=True):
    """A kind of a family with its attributes: `gaussian(std = 0.1)`."""

    family: str

    def __str__(self) -> str:
        """The type as a message names it."""
        return _WORDS[self.family]


class FormType(msgspec.Struct, frozen=True):
    """A form that only sections have: `every(100)`; its attributes stand in `sections/forms.py`."""

    name: str

    def __str__(self) -> str:
        """The type as a message names it."""
        return _WORDS[self.name]


class UnionType(msgspec.Struct, frozen=True):
    """Any of several types; the first that fits is taken."""

    options: tuple[AttributeType, ...]

    def __str__(self) -> str:
        """The type as a message names it."""
        return " or ".join(str(option) for option in self.options)


class BoundedType(msgspec.Struct, frozen=True):
    """A type with a condition on `x`, such as `x >= 1`."""

    inner: AttributeType
    condition: str

    def __str__(self) -> str:
        """The type as a message names it."""
        several = isinstance(self.inner, UnionType | TupleType)
        return f"{self.inner}{', each' if several else ''} {_bounds(self.condition)}"

    def admits(self, value: object) -> bool:
        """Whether the condition holds of the value, or of each item of it."""
        if isinstance(value, tuple):
            return all(self.admits(item) for item in value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return _holds(self.condition, value)


AttributeType: TypeAlias = ScalarType | UnitType | WordType | NoneType | TupleType | FamilyType | FormType | UnionType | BoundedType

_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "`true` or `false`",
    "str": "a string",
    "Name": "a name",
    "Steps": "a number of steps or `epochs(n)`",
    "Seconds": "a time such as `10s`",
    "Bytes": "a size such as `1GiB`",
    "Bandwidth": "a bandwidth such as `10Gbps`",
    "layers": "a layer",
    "updaters": "an updater",
    "schedules": "a schedule such as `step(0.1, gamma = 0.5, every = 1000)`",
    "inits": "a number or an initialiser such as `gaussian(std = 0.01)`",
    "algorithms": "an algorithm such as `bp`",
    "metrics": "a metric",
    "sources": 'a source such as `csv("train.csv", batch = 64)`',
    "sinks": "a sink",
    "Every": "`every(n)`",
    "Groups": "`groups(n, size = m)`",
    "Patience": "`patience(metric, n)`",
    "Average": "`ema(decay)`",
    "Hogwild": "`hogwild(locks = true)`",
    "Outer": "`sgd(rate)` or `nesterov(rate, momentum = 0.9)`",
}
_SCALARS = {"int", "float", "bool", "str", "Name", "Steps"}
_UNITS = {"Seconds", "Bytes", "Bandwidth"}
_FORMS = {"Every", "Groups", "Patience", "Average", "Hogwild", "Outer"}
_NUMBER = r"(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_BOUND = re.compile(rf"\s*(?:{_NUMBER}\s*(<=|<)\s*)?x(?:\s*(>=|<=|>|<|!=)\s*{_NUMBER})?\s*")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "!=": lambda a, b: a != b,
}


_ENDLESS = 1 << 24
"""Upper bounds from here on guard our own arithmetic: no user needs to be told of them before meeting one."""


def _bounds(condition: str) -> str:
    """A condition as people say it behind a number: `of at least 1`, `from 0 to below 1`."""
    found = _BOUND.fullmatch(condition)
    assert found, f"a condition that cannot be read: {condition}"
    low, above, below, high = found.groups()
    if low is not None and high is not None and float(high) < _ENDLESS:
        begin = f"from {low} to" if above == "<=" else f"above {low} and up to"
        return f"{begin} {high}" if below == "<=" else f"{begin.removesuffix(' up to')} below {high}"
    if low is not None:
        return f"{'of at least' if above == '<=' else 'above'} {low}"
    return {">=": "of at least", ">": "above", "<=": "of at most", "<": "below", "!=": "other than"}[below] + f" {high}"


def _holds(condition: str, value: float) -> bool:
    found = _BOUND.fullmatch(condition)
    assert found, f"a condition that cannot be read: {condition}"
    low, low_sign, sign, bound = found.groups()
    below = low is None or _COMPARE[low_sign](float(low), value)
    return below and (sign is None or _COMPARE[sign](value, float(bound)))


class AnnotationError(Exception):
    """An annotation that means nothing to the language."""


def parse_annotation(text: str) -> AttributeType:
    """The type that an annotation names. Names may be qualified (`typing.Literal`), and parts of it quoted.

    Raises:
        AnnotationError: the text is none of the forms above.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as fault:  # ValueError: a null character
        raise AnnotationError(f"`{text}` is not an annotation") from fault
    return _type_of(tree)


def _type_of(tree: ast.expr) -> AttributeType:
    match tree:
        case ast.Constant(value=None):
            return NoneType()
        case ast.Constant(value=str(text)):
            return parse_annotation(text)
        case ast.Attribute(attr=name):
            return _type_of(ast.Name(name))
        case ast.Subscript(value=ast.Attribute(attr=name), slice=inner):
            return _type_of(ast.Subscript(ast.Name(name), inner))
        case ast.Name(id=name) if name in _SCALARS:
            return ScalarType(name)
        case ast.Name(id=name) if name in _UNITS:
            return UnitType(name)
        case ast.Name(id=name) if name in FAMILIES:
            return FamilyType(FAMILIES[name])
        case ast.Name(id=name) if name in _FORMS:
            return FormType(name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union(_type_of(left), _type_of(right))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            return WordType(tuple(_word(word) for word in _items(inner)))
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[item, ast.Constant(value=last)])) if last is Ellipsis:
            return TupleType((_type_of(item),), repeated=True)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=inner):
            return TupleType(tuple(_type_of(item) for item in _items(inner)))
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, ast.Constant(value=str(condition))])):
            return BoundedType(_type_of(inner), _condition(condition))
    raise AnnotationError(f"`{ast.unparse(tree)}` is not a type that an attribute can have")


def _items(inner: ast.expr) -> list[ast.expr]:
    return inner.elts if isinstance(inner, ast.Tuple) else [inner]


def _word(tree: ast.expr) -> str:
    match tree:
        case ast.Constant(value=str(word)):
            return word
    raise AnnotationError(f"`{ast.unparse(tree)}` is not a word in quotes")


def _condition(text: str) -> str:
    found = _BOUND.fullmatch(text)
    if not found or not (found[2] or found[3]):
        raise AnnotationError(f"`{text}` is not a condition such as `x >= 1`")
    return text


def _union(left: AttributeType, right: AttributeType) -> UnionType:
    parts: list[AttributeType] = []
    for side in (left, right):
        parts.extend(side.options if isinstance(side, UnionType) else (side,))
    return UnionType(tuple(parts))
