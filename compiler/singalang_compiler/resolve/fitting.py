"""Values against the types of attributes, and kinds with their attributes filled in. Knows no section and no layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from singalang_compiler.codes.e0103_unknown_kind import UnknownKind
from singalang_compiler.codes.e0111_unknown_word import UnknownWord
from singalang_compiler.codes.e0112_wrong_type import WrongType
from singalang_compiler.codes.e0113_out_of_bounds import OutOfBounds
from singalang_compiler.codes.e0115_not_given import NotGiven
from singalang_compiler.codes.e0118_wrong_unit import WrongUnit
from singalang_compiler.codes.e0135_attributes_contradict import AttributesContradict
from singalang_compiler.job import Epochs
from singalang_compiler.library.attributes import (
    AttributeType,
    BoundedType,
    FamilyType,
    FormType,
    NoneType,
    ScalarType,
    TupleType,
    UnionType,
    UnitType,
    WordType,
)
from singalang_compiler.library.contract import AttributeFault
from singalang_compiler.library.kinds import MISSING, Attribute, Configured, Kind
from singalang_compiler.resolve.arguments import Given, Taker, match_arguments
from singalang_compiler.resolve.evaluate import evaluate
from singalang_compiler.resolve.naming import FAMILY_WORDS
from singalang_compiler.resolve.scopes import Place, is_poison, written_at
from singalang_compiler.resolve.values import POISON, Deferred, LayerValue, Quantity, Value, Word, described, is_number, shown
from singalang_compiler.resolve.wishes import Want, wishes_of
from singalang_compiler.sections.schema import form_kinds
from singalang_grammar.diagnostics import HasCode
from singalang_grammar.source import Span
from singalang_grammar.tree import Call, Conditional, Expr, List, Name, Number, Paren, Tuple

PLAIN_KINDS = {"inits": "constant", "schedules": "fixed"}
"""Families in which a number stands for a kind: the kind whose first attribute it is."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a value does not fit a type. `condition` is set where only a bound is broken, `unit` where only the unit is wrong."""

    condition: str | None = None
    unit: bool = False


def convert(expr: Expr, wanted: AttributeType, name: str, place: Place) -> Any:
    """The value of an expression as a type wants it, POISON where it was reported. `name` is the attribute, for messages."""
    value = evaluate(expr, place, Want(wanted, name))
    return fit(value, wanted, name, expr, place)


def fit(value: Value, wanted: AttributeType, name: str, expr: Expr, place: Place) -> Any:
    """A value as a type wants it, POISON where it was reported at `expr`."""
    if is_poison(value):
        return POISON
    fitted = _fitted(value, wanted, place)
    if not isinstance(fitted, Misfit):
        return fitted
    return place.session.report(_complaint(value, wanted, name, expr, fitted, place))


def _fitted(value: Any, wanted: AttributeType, place: Place) -> Any:
    match wanted:
        case ScalarType(name=name):
            return _scalar(value, name)
        case WordType(words=words):
            return _word(value, words)
        case NoneType():
            return None if value is None else Misfit()
        case UnitType(name=name):
            return _with_unit(value, name)
        case TupleType():
            return _tuple(value, wanted, place)
        case FamilyType(family=family):
            return _kind(value, family, place)
        case FormType(name=name):
            return _form(value, name, place)
        case BoundedType(inner=inner, condition=condition):
            fitted = _fitted(value, inner, place)
            if isinstance(fitted, Misfit) or is_poison(fitted) or wanted.admits(fitted):
                return fitted
            return Misfit(condition)
        case UnionType(options=options):
            return _any_of(value, options, place)


def _word(value: Any, words: tuple[str, ...]) -> Any:
    if isinstance(value, Word) and value.text in words:
        return value.text
    if value is None and "none" in words:
        return "none"
    reserved = isinstance(value, str) and value == "all"  # a reserved word cannot stand bare
    return value if reserved and value in words else Misfit()


def _any_of(value: Any, options: tuple[AttributeType, ...], place: Place) -> Any:
    nearest = Misfit()
    for option in options:
        fitted = _fitted(value, option, place)
        if not isinstance(fitted, Misfit):
            return fitted
        if fitted.condition:
            return fitted
        if fitted.unit:
            nearest = fitted
    return nearest


def _scalar(value: Any, name: str) -> Any:
    match name:
        case "int" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "float" if is_number(value):
            return float(value)
        case "bool" if isinstance(value, bool):
            return value
        case "str" if isinstance(value, str):
            return value
        case "Name" if isinstance(value, Word):
            return value.text
        case "Steps" if isinstance(value, Epochs) or (isinstance(value, int) and not isinstance(value, bool)):
            return value
    return Misfit(unit=isinstance(value, Quantity))


def _with_unit(value: Any, unit: str) -> Any:
    if isinstance(value, Quantity) and value.unit == unit and value.value >= 0:
        return round(value.value) if unit == "Bytes" else float(value.value)
    return Misfit(unit=isinstance(value, Quantity) or is_number(value))


def _tuple(value: Any, wanted: TupleType, place: Place) -> Any:
    if not isinstance(value, tuple) or (not wanted.repeated and len(value) != len(wanted.items)):
        return Misfit()
    items = []
    for number, item in enumerate(value):
        fitted = _fitted(item, wanted.items[0] if wanted.repeated else wanted.items[number], place)
        if isinstance(fitted, Misfit) or is_poison(fitted):
            return fitted
        items.append(fitted)
    return tuple(items)


def _kind(value: Any, family: str, place: Place) -> Any:
    if isinstance(value, Configured) and value.kind.family == family:
        return value
    if is_number(value) and family in PLAIN_KINDS:
        kind = place.visible.kind(family, PLAIN_KINDS[family])
        assert kind is not None, f"the library lacks {PLAIN_KINDS[family]}"
        return Configured(kind, {**_defaults(kind), kind.attributes[0].name: float(value)})
    if not isinstance(value, Deferred):
        return Misfit()
    found = place.visible.kind(family, head_of(value.expr).text)
    return configure(found, value) if found else Misfit()


def _form(value: Any, form: str, place: Place) -> Any:
    if not isinstance(value, Deferred):
        return Misfit()
    kind = form_kinds(form).get(head_of(value.expr).text)
    return configure(kind, value) if kind else Misfit()


def head_of(expr: Expr) -> Name:
    """The name of the kind in a deferred expression: a name, or a call of one."""
    head = expr.callee if isinstance(expr, Call) else expr
    assert isinstance(head, Name), "only names and calls of names are deferred"
    return head


def _defaults(kind: Kind) -> dict[str, Any]:
    return {attribute.name: attribute.default for attribute in kind.attributes}


def configure(kind: Kind, deferred: Deferred) -> Any:
    """A kind with the attributes that an expression gives it; POISON where one is wrong, and was reported."""
    arguments = deferred.expr.arguments if isinstance(deferred.expr, Call) else ()
    given = match_arguments(taker_of(kind), arguments, deferred.place)
    values = fill(kind.name, kind.attributes, given, deferred.place, deferred.expr.span)
    return POISON if values is None else accepted(Configured(kind, values), given, deferred.place, deferred.expr.span)


def accepted(made: Configured, given: Given, place: Place, span: Span) -> Any:
    """A configured kind whose attributes go together; POISON where its author says they do not, and that was reported."""
    try:
        made.instance()
    except AttributeFault as fault:
        where = given.spans.get(fault.attribute or "", span)
        return place.session.report(AttributesContradict(made.name, fault.text, where, fault.hint))
    except Exception as fault:
        if made.kind.origin is None:
            raise
        return place.session.report(AttributesContradict(made.name, f"{type(fault).__name__}: {fault}", span))
    return made


def taker_of(kind: Kind, common: tuple[Attribute, ...] = ()) -> Taker:
    """What arguments a kind takes; `common` attributes, those of its family, go by name alone."""
    own = tuple(attribute.name for attribute in kind.attributes)
    extra = tuple(attribute.name for attribute in common if attribute.name not in own)
    return Taker(kind.name, own, (*own, *extra), kind.constants.get("variadic"))


def fill(owner: str, attributes: tuple[Attribute, ...], given: Given, place: Place, span: Span) -> dict[str, Any] | None:
    """The value of each attribute, given or by default; None where something is wrong, all of it reported."""
    values: dict[str, Any] = {}
    whole = given.whole
    for attribute in attributes:
        expr = given.values.get(attribute.name)
        if expr is not None:
            values[attribute.name] = convert(expr, attribute.type, attribute.name, place)
            whole = whole and not is_poison(values[attribute.name])
        elif attribute.default is MISSING:
            if given.whole:
                place.session.report(NotGiven(owner, attribute.name, str(attribute.type), span))
            whole = False
        else:
            values[attribute.name] = attribute.default
    return values if whole else None


def _complaint(value: Any, wanted: AttributeType, name: str, expr: Expr, fault: Misfit, place: Place) -> HasCode:
    """The code for a value that does not fit, at the innermost expression that is to blame."""
    value, wanted, expr = _innermost(value, wanted, expr, place)
    use, expr = expr, written_at(expr, place.scope)
    used = use.span if use is not expr else None
    if use is not expr:
        value, wanted, expr = _innermost(value, wanted, expr, place)
    wishes = wishes_of(wanted)
    if isinstance(value, Word) and wishes.words:
        return UnknownWord(value.text, name, expr.span, wishes.words, used)
    if isinstance(value, Deferred):
        head = head_of(value.expr)
        if wishes.families:
            family = wishes.families[0]
            return UnknownKind(FAMILY_WORDS[family], head.text, head.span, tuple(place.visible.kind_names(family)))
        if wishes.words:
            return UnknownWord(head.text, name, head.span, wishes.words)
    if fault.condition:
        return OutOfBounds(name, fault.condition, shown(value), expr.span, used)
    if fault.unit:
        return WrongUnit(name, str(wanted), described(value), expr.span, _unit_hint(value, wanted, expr), used)
    return WrongType(name, str(wanted), described(value), expr.span, _type_hint(value, wanted), used)


def _innermost(value: Any, wanted: AttributeType, expr: Expr, place: Place) -> tuple[Any, AttributeType, Expr]:
    """The item of a written list that does not fit, where one alone is to blame."""
    while True:
        while isinstance(expr, Paren):
            expr = expr.value
        tuples = [option for option in wishes_of(wanted).tuples if option.repeated or len(option.items) == len(_items(value))]
        if isinstance(expr, Conditional) or not isinstance(expr, List | Tuple) or len(tuples) != 1:
            return value, wanted, expr
        inner = None
        for number, item in enumerate(_items(value)):
            kind = tuples[0].items[0 if tuples[0].repeated else number]
            if isinstance(_fitted(item, kind, place), Misfit):
                inner = (item, kind, expr.items[number])
                break
        if inner is None or len(expr.items) != len(_items(value)):
            return value, wanted, expr
        value, wanted, expr = inner


def _items(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else ()


def _unit_hint(value: Any, wanted: AttributeType, expr: Expr) -> str | None:
    units = _units_in(wanted)
    if isinstance(value, Quantity):
        return "write the number without a unit" if not units else None
    if units and isinstance(expr, Number):
        return f"give it a unit: `{expr.text}{units[0]}`"
    return None


def _units_in(wanted: AttributeType) -> list[str]:
    match wanted:
        case UnitType(name=name):
            return [{"Seconds": "s", "Bytes": "MiB", "Bandwidth": "Gbps"}[name]]
        case UnionType(options=options):
            return [unit for option in options for unit in _units_in(option)]
        case BoundedType(inner=inner):
            return _units_in(inner)
    return []


def _type_hint(value: Any, wanted: AttributeType) -> str | None:
    wishes = wishes_of(wanted)
    if isinstance(value, str) and value in wishes.words:
        return f"write it without quotes: `{value}`"
    if isinstance(value, LayerValue) and "inits" in wishes.families:
        return "name the parameter itself, such as `x.weight`"
    if wishes.forms and not isinstance(value, Deferred):
        return f"write {wanted}"
    if value is False and isinstance(wanted, UnionType) and NoneType() in wanted.options:
        return "write `none` to leave it out"
    return None
