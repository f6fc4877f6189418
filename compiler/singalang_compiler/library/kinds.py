"""Kinds of the library: the decorators that make them, and how one is found by name.

The file's name is the kind's name: `layers/dense.py` holds the layer kind `dense`, and nothing else lists it. So a kind is
imported when a program uses it, and only then.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from inspect import cleandoc, getsource
from io import StringIO
from pathlib import Path
from textwrap import dedent
from tokenize import COMMENT, generate_tokens
from typing import Any, TypeVar, dataclass_transform

from singalang_compiler.library import contract
from singalang_compiler.library.attributes import FAMILIES, AttributeType, parse_annotation

Class = TypeVar("Class", bound=type)
_FOLDER = Path(__file__).parent


class Missing:
    """The default of an attribute that must be given."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a kind, or one field of a section."""

    name: str
    type: AttributeType
    default: object = MISSING  # its documentation: `field_docs`


@dataclass(frozen=True, eq=False)
class Kind:
    """An entry of the library: what a program may say of it. Two kinds are the same when family, name and origin are."""

    family: str  # a value of FAMILIES
    name: str
    attributes: tuple[Attribute, ...]
    constants: Mapping[str, Any]  # class constants: arity, parameter_names, ...
    doc: str = ""
    cls: type | None = None  # None: a user's file that has not been run
    origin: str | None = None  # path of the user's file, as it was read; None for the library's own

    def __eq__(self, other: object) -> bool:
        """Whether both are the same entry."""
        return isinstance(other, Kind) and (self.family, self.name, self.origin) == (other.family, other.name, other.origin)

    def __hash__(self) -> int:
        """Of the same things as equality."""
        return hash((self.family, self.name, self.origin))

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of this name."""
        return next((found for found in self.attributes if found.name == name), None)


@dataclass(frozen=True, slots=True)
class Configured:
    """A kind with its attributes filled in, defaults included: what a program means by `conv(32, 5, pad = 2)`."""

    kind: Kind
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the kind."""
        return self.kind.name

    def instance(self) -> Any:
        """The kind's object, or None for a user's kind whose file has not been run. Attributes that are kinds are objects too."""
        if self.kind.cls is None:
            return None
        return self.kind.cls(**{name: _unwrapped(value) for name, value in self.attributes.items()})


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Configured):
        return value.instance()
    return tuple(_unwrapped(item) for item in value) if isinstance(value, tuple) else value


def _decorator(family: str) -> Callable[[str], Callable[[Class], Class]]:
    @dataclass_transform(frozen_default=True)
    def named(name: str) -> Callable[[Class], Class]:
        def make(cls: Class) -> Class:
            doc = cls.__doc__
            dataclass(frozen=True)(cls)
            cls.__doc__ = doc  # where there is none, a dataclass makes one up
            cls._singa_kind = (family, name)  # type: ignore[attr-defined]
            return cls

        return make

    return named


@dataclass_transform(frozen_default=True)
def layer(name: str) -> Callable[[Class], Class]:
    """Makes a layer kind of a class that derives from Layer."""
    return _decorator("layers")(name)


@dataclass_transform(frozen_default=True)
def updater(name: str) -> Callable[[Class], Class]:
    """Makes an updater kind of a class that derives from Updater."""
    return _decorator("updaters")(name)


@dataclass_transform(frozen_default=True)
def schedule(name: str) -> Callable[[Class], Class]:
    """Makes a schedule kind of a class that derives from Schedule."""
    return _decorator("schedules")(name)


@dataclass_transform(frozen_default=True)
def initialiser(name: str) -> Callable[[Class], Class]:
    """Makes an initialiser kind of a class that derives from Initialiser."""
    return _decorator("inits")(name)


@dataclass_transform(frozen_default=True)
def algorithm(name: str) -> Callable[[Class], Class]:
    """Makes an algorithm kind of a class that derives from Algorithm."""
    return _decorator("algorithms")(name)


@dataclass_transform(frozen_default=True)
def metric(name: str) -> Callable[[Class], Class]:
    """Makes a metric kind of a class that derives from Metric."""
    return _decorator("metrics")(name)


@dataclass_transform(frozen_default=True)
def source(name: str) -> Callable[[Class], Class]:
    """Makes a source kind of a class that derives from Source."""
    return _decorator("sources")(name)


@dataclass_transform(frozen_default=True)
def sink(name: str) -> Callable[[Class], Class]:
    """Makes a sink kind of a class that derives from Sink."""
    return _decorator("sinks")(name)


DECORATORS = {
    "layer": "layers",
    "updater": "updaters",
    "schedule": "schedules",
    "initialiser": "inits",
    "algorithm": "algorithms",
    "metric": "metrics",
    "source": "sources",
    "sink": "sinks",
}
"""Name of each decorator -> the family that it makes a kind of."""


@cache
def names(family: str) -> tuple[str, ...]:
    """The library's kinds of a family, by name, without importing any."""
    return tuple(sorted(path.stem for path in (_FOLDER / family).glob("*.py") if path.stem != "__init__"))


@cache
def find(family: str, name: str) -> Kind | None:
    """The library's kind of this family and name; imports its file."""
    if name not in names(family):
        return None
    module = import_module(f"singalang_compiler.library.{family}.{name}")
    for value in vars(module).values():
        if isinstance(value, type) and value.__dict__.get("_singa_kind") == (family, name):
            return kind_of(value)
    raise AssertionError(f"{module.__name__} holds no kind called {name}")


def kind_of(cls: type, origin: str | None = None) -> Kind:
    """The library entry of a decorated class."""
    family, name = cls.__dict__["_singa_kind"]
    base = _base_of(family)
    constants = {key: getattr(cls, key) for key in base_constants(family)}
    assert issubclass(cls, base), f"{cls.__name__} must derive from {base.__name__}"
    return Kind(family, name, attributes_of(cls), constants, cleandoc(cls.__doc__ or ""), cls, origin)


def attributes_of(cls: type) -> tuple[Attribute, ...]:
    """The fields of a dataclass as attributes. Raises AnnotationError."""
    return tuple(
        Attribute(item.name, parse_annotation(_annotation_of(cls, item)), _default_of(item))
        for item in dataclasses.fields(cls)
        if item.init
    )


def _annotation_of(cls: type, item: dataclasses.Field[Any]) -> str:
    """As it is written, also in a file without `from __future__ import annotations`, where Python holds a type, not a text."""
    return item.type if isinstance(item.type, str) else ast.unparse(_fields_in(getsource(cls))[item.name].annotation)


@cache
def base_constants(family: str) -> tuple[str, ...]:
    """Names of the class constants that a family's base class declares."""
    return tuple(key for key, note in _base_of(family).__annotations__.items() if str(note).startswith("ClassVar"))


def base_defaults(family: str) -> dict[str, Any]:
    """The class constants of a family's base class."""
    return {key: getattr(_base_of(family), key) for key in base_constants(family)}


@cache
def _base_of(family: str) -> type:
    name = next(base for base, folder in FAMILIES.items() if folder == family)
    base: type = getattr(contract, name)
    return base


def _default_of(item: dataclasses.Field[Any]) -> object:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return MISSING if item.default is dataclasses.MISSING else item.default


def docs_in(text: str) -> dict[str, str]:
    """The comment behind each field in the text of a class; empty where the text holds no class."""
    try:
        fields = _fields_in(text)
    except SyntaxError:
        return {}
    tokens = generate_tokens(StringIO(dedent(text)).readline)
    comments = {token.start[0]: token.string.lstrip("#").strip() for token in tokens if token.type == COMMENT}
    found: dict[str, str] = {}
    for name, written in fields.items():
        for line in range(written.lineno, (written.end_lineno or written.lineno) + 1):
            if line in comments:
                found[name] = comments[line]  # of several, the one behind its last line
    return found


def _fields_in(text: str) -> dict[str, ast.AnnAssign]:
    """The annotated names of the first class in a text. Raises SyntaxError."""
    body = next((node.body for node in ast.parse(dedent(text)).body if isinstance(node, ast.ClassDef)), [])
    return {node.target.id: node for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}


@cache
def field_docs(cls: type) -> dict[str, str]:
    """The comment behind each field of a class, read from its file when somebody asks; empty where there is no file."""
    try:
        return docs_in(getsource(cls))
    except (OSError, TypeError):  # TypeError: a class made without a file
        return {}
