"""Data sections: declared fields, normalisation, and the source of each phase."""

from __future__ import annotations

from typing import Any, Literal

from singalang_compiler.codes.e0102_defined_twice import DefinedTwice
from singalang_compiler.codes.e0103_unknown_kind import UnknownKind
from singalang_compiler.codes.e0112_wrong_type import WrongType
from singalang_compiler.codes.e0113_out_of_bounds import OutOfBounds
from singalang_compiler.codes.e0133_no_member import NoMember
from singalang_compiler.codes.e0207_nothing_selected import NothingSelected
from singalang_compiler.codes.e0408_not_a_field_type import NotAFieldType
from singalang_compiler.codes.e0409_no_split import NoSplit
from singalang_compiler.job import PHASES, Data, Field, SourceUse
from singalang_compiler.library.attributes import BoundedType, FamilyType, ScalarType
from singalang_compiler.library.kinds import Configured, Kind
from singalang_compiler.library.tensors import Shape, TensorSpec
from singalang_compiler.resolve.arguments import match_arguments
from singalang_compiler.resolve.definitions import SectionDefinition
from singalang_compiler.resolve.evaluate import evaluate
from singalang_compiler.resolve.fields import Fields, Wanted, read_fields, read_rule
from singalang_compiler.resolve.fitting import accepted, fill, fit, head_of, taker_of
from singalang_compiler.resolve.nets import shape_member
from singalang_compiler.resolve.scopes import Place, is_poison
from singalang_compiler.resolve.session import Session
from singalang_compiler.resolve.values import POISON, Deferred, FieldValue, Value, described
from singalang_compiler.resolve.wishes import Want
from singalang_compiler.sections.data import SourceFields
from singalang_compiler.sections.schema import attributes_of, schema
from singalang_grammar.diagnostics import did_you_mean
from singalang_grammar.source import Span
from singalang_grammar.tree import Call, Declaration, Expr, Ident, Index, KindSelector, Name, NameSelector, On, Paren, Selector

SOURCES = ("train", "val", "test")
"""The phases that have a source of their own."""
_LENGTH = BoundedType(ScalarType("int"), "1 <= x <= 2147483647")


class DataOwner:
    """A data section, as nets see it. `data` is the record; `poisoned`: something in it is wrong."""

    def __init__(self, name: str, section: SectionDefinition, session: Session) -> None:
        self.name = name
        self.poisoned = False
        self._session = session
        self._lost: set[str] = set()
        self.data = self._read(section)
        self._fields = {
            one.name: FieldValue(self, name, one.name, one.spec, frozenset(PHASES), one.span) for one in self.data.fields
        }

    def member(self, name: Ident, of: Any) -> Value:
        """A declared field, or what a field tells of its shape."""
        if isinstance(of, FieldValue):
            if name.text in ("shape", "width", "channels"):
                return shape_member(of.spec, name, self._session)
            known: tuple[str, ...] = ("shape", "width", "channels")
            return self._session.report(NoMember(f"the field `{of.node}`", name.text, name.span, known))
        found = self._fields.get(name.text)
        if found is not None:
            return found
        if name.text in self._lost or self._session.is_broken(name.text, name.span):
            return POISON
        return self._session.report(NoMember(f"data section `{self.name}`", name.text, name.span, tuple(self._fields)))

    def _read(self, section: SectionDefinition) -> Data:
        session = self._session
        wanted = Wanted("data", schema("data").fields, frozenset(SOURCES), rules=True, declares=True)
        found = read_fields(section.parts, wanted, section.span, session)
        specs = self._specs(found)
        scales = {name: self._scale(found, specs) for name in specs}
        self._apply_rules(found, specs, scales)
        fields = tuple(_field_of(name, spec, scales[name], declaration) for name, (declaration, spec) in specs.items())
        sources = {}
        for phase in SOURCES:
            use = self._source(phase, *found.raw[phase], found.binds[phase].span) if phase in found.raw else None
            if use is not None:
                sources[phase] = use
        self.poisoned = self.poisoned or not found.whole or len(sources) < len(found.raw)
        records = found.values["records"]
        records = None if is_poison(records) else records
        return Data(name=self.name, fields=fields, sources=sources, records=records, span=section.span)

    def _specs(self, found: Fields) -> dict[str, tuple[Declaration, TensorSpec]]:
        specs: dict[str, tuple[Declaration, TensorSpec]] = {}
        for declaration, place in found.declarations:
            name = declaration.name.text
            spec = field_spec(declaration, place)
            if name in specs:
                self._session.report(DefinedTwice("field", name, specs[name][0].name.span, declaration.name.span))
            elif spec is None:
                self._lost.add(name)
                self.poisoned = True
            else:
                specs[name] = (declaration, spec)
        return specs

    def _scale(self, found: Fields, specs: dict[str, Any]) -> tuple[float | str, float | str]:
        mean, std = found.values["mean"], found.values["std"]
        if isinstance(std, float) and std <= 0 and "std" in found.spans:
            self._session.report(OutOfBounds("std", "x > 0", f"{std:g}", found.spans["std"]))
        return (0.0 if is_poison(mean) else mean), (1.0 if is_poison(std) else std)

    def _apply_rules(self, found: Fields, specs: dict[str, Any], scales: dict[str, tuple[float | str, float | str]]) -> None:
        for on, place in found.rules:
            said = read_rule(on, place, schema("data").rules or (), "data")
            std = said.get("std")
            if isinstance(std, float) and std <= 0:
                span = next((item.span for item in on.body), on.span)
                self._session.report(OutOfBounds("std", "x > 0", f"{std:g}", span))
            for selector in on.selectors:
                for name in self._selected(selector, on, specs):
                    mean, old = scales[name]
                    scales[name] = (said.get("mean", mean), said.get("std", old))

    def _selected(self, selector: Selector, on: On, specs: dict[str, Any]) -> list[str]:
        if isinstance(selector, KindSelector) and selector.kind is None:
            return list(specs)
        if isinstance(selector, NameSelector) and selector.path.text in specs:
            return [selector.path.text]
        if not (isinstance(selector, NameSelector) and selector.path.text in self._lost):
            self._session.report(NothingSelected(selector.span.text, selector.span, tuple(specs), "no field has this name"))
        return []

    def _source(self, phase: str, expr: Expr, place: Place, span: Span) -> SourceUse | None:
        value = evaluate(expr, place, Want(FamilyType("sources"), phase))
        if is_poison(value):
            return None
        if not isinstance(value, Deferred):
            place.session.report(WrongType(phase, str(FamilyType("sources")), described(value), expr.span))
            return None
        head = head_of(value.expr)
        kind = place.visible.kind("sources", head.text)
        if kind is None:
            place.session.report(UnknownKind("source", head.text, head.span, tuple(place.visible.kind_names("sources"))))
            return None
        return _source_use(phase, kind, value, span)


def _source_use(phase: str, kind: Kind, value: Deferred, span: Span) -> SourceUse | None:
    place, expr = value.place, value.expr
    arguments = expr.arguments if isinstance(expr, Call) else ()
    own = {attribute.name for attribute in kind.attributes}
    common = tuple(attribute for attribute in attributes_of(SourceFields) if attribute.name not in own)
    given = match_arguments(taker_of(kind, common), arguments, place)
    values = fill(kind.name, (*kind.attributes, *common), given, place, expr.span)
    if values is None:
        return None
    source = accepted(Configured(kind, {name: values[name] for name in values if name in own}), given, place, expr.span)
    if is_poison(source):
        return None
    batch = values.get("batch", 1)
    if batch == ():
        place.session.report(OutOfBounds("batch", "x >= 1", "an empty list", given.spans["batch"]))
        return None
    if "split" in given.values and not kind.constants.get("splits") and "split" not in own:
        place.session.report(NoSplit(kind.name, given.spans["split"]))
    shuffle = values.get("shuffle")
    split = values.get("split") or _default_split(phase, kind)
    skip = values.get("random_skip", 0)
    shuffled = phase == "train" if shuffle is None else shuffle
    return SourceUse(phase=phase, source=source, batch=batch, shuffle=shuffled, random_skip=skip, split=split, span=span)


def _default_split(phase: str, kind: Kind) -> Literal["train", "test", "all"]:
    if not kind.constants.get("splits"):
        return "all"
    return "train" if phase == "train" else "test"


def _field_of(name: str, spec: TensorSpec, scale: tuple[float | str, float | str], declaration: Declaration) -> Field:
    mean, std = scale if spec.dtype == "float" else (0.0, 1.0)
    return Field(name=name, spec=spec, mean=mean, std=std, span=declaration.name.span)


def field_spec(declaration: Declaration, place: Place) -> TensorSpec | None:
    """The type of a declared field; None where it is wrong, and was reported."""
    expr = declaration.type
    while isinstance(expr, Paren):
        expr = expr.value
    shape: Shape | None = ()
    if isinstance(expr, Index):
        shape = _shape(expr, place)
        expr = expr.value
    match expr:
        case Name(text="f32"):
            spec = TensorSpec((), "float")
        case Name(text="i32"):
            spec = TensorSpec((), "i32")
        case Call(callee=Name(text="class"), arguments=(argument,)) if argument.name is None:
            classes = _length(argument.value, "class", place)
            if classes is None:
                return None
            spec = TensorSpec((), "i32", classes)
        case _:
            _report_type(declaration, expr, place)
            return None
    return None if shape is None else TensorSpec(shape, spec.dtype, spec.classes)


def _shape(expr: Index, place: Place) -> Shape | None:
    lengths: list[int | None] = []
    for item in expr.items:
        value = evaluate(item, place)
        if isinstance(value, tuple):
            lengths.extend(_fit_length(one, "shape", item, place) for one in value)
        else:
            lengths.append(_fit_length(value, "shape", item, place))
    return None if None in lengths else tuple(length for length in lengths if length is not None)


def _length(expr: Expr, name: str, place: Place) -> int | None:
    return _fit_length(evaluate(expr, place), name, expr, place)


def _fit_length(value: Value, name: str, expr: Expr, place: Place) -> int | None:
    length = fit(value, _LENGTH, name, expr, place)
    return None if is_poison(length) else int(length)


def _report_type(declaration: Declaration, expr: Expr, place: Place) -> None:
    hint = None
    word = expr.callee if isinstance(expr, Call) else expr
    if isinstance(word, Name):
        if place.session.is_broken(word.text, word.span):
            return
        hint = did_you_mean(word.text, ("f32", "i32", "class"))
    if isinstance(word, Name) and word.text == "class":
        hint = "say how many classes: `class(10)`"
    span: Span = expr.span
    place.session.report(NotAFieldType(declaration.name.text, "this is no type of a field", span, hint))
