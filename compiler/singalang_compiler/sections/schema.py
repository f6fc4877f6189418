"""How the fields of a section are declared and found: the same annotations as the attributes of a kind. Knows no section."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from singalang_compiler.library.attributes import parse_annotation
from singalang_compiler.library.kinds import MISSING, Attribute, Kind, field_docs

SECTIONS = ("data", "net", "sample", "topology", "train", "updater")
"""Kinds of sections that stand in a file."""
NESTED = {"train": ("updater",), "topology": ("sync",)}
"""Sections that stand in a section of another kind."""
FORMS = ("Average", "Every", "Groups", "Hogwild", "Outer", "Patience")
"""Names of the forms of `sections/forms.py`, as annotations say them."""


@dataclass(frozen=True)
class Schema:
    """What may stand in a section: `fields`, and in its `on` rules the fields `rules` (None: no rules)."""

    name: str
    fields: tuple[Attribute, ...]
    rules: tuple[Attribute, ...] | None
    cls: type
    doc: str

    def field(self, name: str) -> Attribute | None:
        """The field of this name."""
        return next((found for found in self.fields if found.name == name), None)

    def docs(self) -> Mapping[str, str]:
        """What each field means, by name."""
        return field_docs(self.cls)


@cache
def schema(section: str) -> Schema:
    """The schema of a kind of section, from the file of its name: class `Fields`, and `Rules` where it takes `on`."""
    module = import_module(f"singalang_compiler.sections.{section}")
    rules = getattr(module, "Rules", None)
    fields = module.Fields
    return Schema(section, attributes_of(fields), attributes_of(rules) if rules else None, fields, _doc(fields))


@cache
def form_kinds(form: str) -> Mapping[str, Kind]:
    """The forms that an annotation such as `Outer` admits, by the name a program writes."""
    module = import_module("singalang_compiler.sections.forms")
    classes: tuple[Any, ...] = module.FORMS[form]
    return {cls.WRITTEN: Kind("forms", cls.WRITTEN, attributes_of(cls), {}, _doc(cls), cls) for cls in classes}


@cache
def attributes_of(cls: Any) -> tuple[Attribute, ...]:
    """The fields of a dataclass as attributes."""
    return tuple(
        Attribute(item.name, parse_annotation(str(item.type)), MISSING if item.default is dataclasses.MISSING else item.default)
        for item in dataclasses.fields(cls)
    )


def _doc(cls: type) -> str:
    return (cls.__doc__ or "").strip()
