"""The fields of a section against its schema. Knows no section by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from singalang_compiler.codes.e0109_colon_for_equals import ColonForEquals
from singalang_compiler.codes.e0110_unknown_field import UnknownField
from singalang_compiler.codes.e0115_not_given import NotGiven
from singalang_compiler.codes.e0121_unknown_section import UnknownSection
from singalang_compiler.codes.e0128_misplaced import Misplaced
from singalang_compiler.library.kinds import MISSING, Attribute
from singalang_compiler.resolve.definitions import Part
from singalang_compiler.resolve.files import File
from singalang_compiler.resolve.fitting import convert
from singalang_compiler.resolve.scopes import Place, is_poison
from singalang_compiler.resolve.session import Session
from singalang_compiler.resolve.values import POISON
from singalang_compiler.sections.schema import NESTED, SECTIONS
from singalang_grammar.diagnostics import nearest
from singalang_grammar.source import Span
from singalang_grammar.tree import Bind, Declaration, Expr, On, Section


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may stand in a section: its fields, those of them that are left as expressions, and what else it takes."""

    section: str
    fields: tuple[Attribute, ...]
    raw: frozenset[str] = frozenset()
    rules: bool = False
    declares: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(attribute.name for attribute in self.fields)


@dataclass
class Fields:
    """What stands in a section. `values` has every field, by default where it is not written; POISON where it is wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)  # of the values that are written
    raw: dict[str, tuple[Expr, Place]] = field(default_factory=dict)
    binds: dict[str, Bind] = field(default_factory=dict)
    sections: list[tuple[Section, File]] = field(default_factory=list)
    rules: list[tuple[On, Place]] = field(default_factory=list)
    declarations: list[tuple[Declaration, Place]] = field(default_factory=list)
    meant: set[str] = field(default_factory=set)  # fields that a misspelt name seems to mean

    @property
    def whole(self) -> bool:
        """Whether no field is wrong."""
        return not any(is_poison(value) for value in self.values.values())


def read_fields(parts: tuple[Part, ...], wanted: Wanted, span: Span, session: Session) -> Fields:
    """Reads the items of a section; reports what is unknown, wrong, missing or out of place. `span` is the section's head."""
    found = Fields()
    for part in parts:
        match part.item:
            case Bind():
                _field(part.item, part.file.place, wanted, found, session)
            case Declaration():
                _declaration(part.item, part.file.place, wanted, found, session)
            case Section():
                _section(part.item, part.file, wanted, found, session)
            case On() if wanted.rules:
                found.rules.append((part.item, part.file.place))
            case On():
                session.report(Misplaced("a rule", f"in a `{wanted.section}` section", _start(part.item.span, "on")))
            case _:
                where = f"in a `{wanted.section}` section"
                session.report(Misplaced("this", where, part.item.span, "a section holds fields: `name = value`"))
    _fill(wanted, found, span, session)
    return found


def _start(span: Span, word: str) -> Span:
    return Span(span.source, span.start, min(span.end, span.start + len(word)))


def _field(bind: Bind, place: Place, wanted: Wanted, found: Fields, session: Session) -> None:
    name = bind.name.text
    attribute = next((one for one in wanted.fields if one.name == name), None)
    if attribute is None:
        hint = f"a field of a record is declared with `:`: `{name}: ...`" if wanted.declares and _is_type(bind.value) else None
        session.report(UnknownField(wanted.section, name, bind.name.span, _settable(wanted), "field", hint))
        found.meant.add(nearest(name, wanted.names) or "")
        return
    found.spans[name] = bind.value.span
    found.binds[name] = bind
    if name in wanted.raw:
        found.raw[name] = (bind.value, place)
    else:
        found.values[name] = convert(bind.value, attribute.type, name, place)


def _settable(wanted: Wanted) -> tuple[str, ...]:
    return (*wanted.names, *NESTED.get(wanted.section, ()))


def _is_type(expr: Expr) -> bool:
    return expr.span.text.split("[")[0].split("(")[0].strip() in ("f32", "i32", "class")


def _declaration(item: Declaration, place: Place, wanted: Wanted, found: Fields, session: Session) -> None:
    if wanted.declares and item.name.text not in wanted.names:
        found.declarations.append((item, place))
        return
    span = Span(item.name.span.source, item.name.span.start, max(item.name.span.end, item.type.span.start))
    session.report(ColonForEquals(item.name.text, span))
    found.values[item.name.text] = POISON


def _section(item: Section, file: File, wanted: Wanted, found: Fields, session: Session) -> None:
    allowed = NESTED.get(wanted.section, ())
    if item.kind.text in allowed:
        found.sections.append((item, file))
    elif item.kind.text in SECTIONS:
        where = f"in a `{wanted.section}` section"
        session.report(Misplaced(f"a section `{item.kind.text}`", where, item.head, "write it at file level"))
    elif not session.is_broken(item.kind.text, item.kind.span):
        session.report(UnknownSection(item.kind.text, item.kind.span, (*allowed, *wanted.names)))


def _fill(wanted: Wanted, found: Fields, span: Span, session: Session) -> None:
    """Gives the fields that are not written their defaults, and reports those that have none."""
    for attribute in wanted.fields:
        name = attribute.name
        if name in found.values or name in found.raw:
            continue
        if attribute.default is MISSING:
            if name not in found.meant and not session.is_broken(name, span):
                session.report(NotGiven(wanted.section, name, str(attribute.type), span))
            found.values[name] = POISON
        elif name not in wanted.raw:
            found.values[name] = attribute.default


def read_rule(on: On, place: Place, rules: tuple[Attribute, ...], section: str) -> Mapping[str, Any]:
    """The fields that a rule of a section sets; what is wrong is reported and left out."""
    parts: dict[str, Any] = {}
    names = tuple(attribute.name for attribute in rules)
    for item in on.body:
        if not isinstance(item, Bind):
            place.session.report(Misplaced("this", "in a rule", item.span, "a rule sets fields: `on NAME { field = value }`"))
            continue
        attribute = next((one for one in rules if one.name == item.name.text), None)
        if attribute is None:
            place.session.report(UnknownField(f"on ... in {section}", item.name.text, item.name.span, names))
            continue
        value = convert(item.value, attribute.type, attribute.name, place)
        if not is_poison(value):
            parts[attribute.name] = value
    return parts
