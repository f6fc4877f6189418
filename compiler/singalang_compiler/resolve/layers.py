"""The attributes and parameters of one layer: what is written, what rules say, and defaults. Makes no node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from singalang_compiler.codes.e0115_not_given import NotGiven
from singalang_compiler.graph import ParameterSetting
from singalang_compiler.library.attributes import AttributeType
from singalang_compiler.library.kinds import MISSING, Attribute, Configured, Kind
from singalang_compiler.resolve.arguments import Given, Taker, match_arguments
from singalang_compiler.resolve.fitting import accepted, convert
from singalang_compiler.resolve.parameters import NOTHING, Piece, read_parameter
from singalang_compiler.resolve.rules import Level, NetRules
from singalang_compiler.resolve.scopes import Place, is_poison
from singalang_compiler.resolve.selection import LayerNames
from singalang_compiler.sections.net import LayerFields
from singalang_compiler.sections.schema import attributes_of
from singalang_grammar.source import Span
from singalang_grammar.tree import Argument, Expr


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """A layer's kind with its attributes, and what is said of its parameters."""

    configured: Configured
    parameters: dict[str, ParameterSetting] = field(default_factory=dict)


def common_fields(kind: Kind) -> tuple[Attribute, ...]:
    """The attributes that a kind has because it is a layer, those for its parameters aside."""
    return attributes_of(LayerFields) if kind.family == "layers" else ()


def parameter_names(kind: Kind) -> tuple[str, ...]:
    """The parameters of a layer kind; each is an attribute."""
    return tuple(kind.constants.get("parameter_names", ()))


class LayerReader:
    """Reads layers of one net: keeps what rules say, so that each is worked out once."""

    def __init__(self, rules: NetRules) -> None:
        self._rules = rules
        self._values: dict[tuple[int, AttributeType], Any] = {}
        self._pieces: dict[tuple[int, str], Piece | None] = {}

    def read(
        self, kind: Kind, arguments: tuple[Argument, ...], layer: LayerNames, place: Place, span: Span
    ) -> LayerSettings | None:
        """A layer's settings; None where something in them is wrong, and was reported."""
        own = tuple(attribute.name for attribute in kind.attributes)
        extra = (*parameter_names(kind), *(attribute.name for attribute in common_fields(kind)))
        names = (*own, *(name for name in extra if name not in own))
        given = match_arguments(Taker(kind.name, own, names, kind.constants.get("variadic")), arguments, place)
        levels = self._rules.levels(layer, names)
        values = self._attributes(kind, given, levels, place, span)
        parameters = self._parameters(kind, given, levels, place)
        if values is None or parameters is None:
            return None
        configured = accepted(Configured(kind, values), given, place, span)
        return None if is_poison(configured) else LayerSettings(configured, parameters)

    def _attributes(self, kind: Kind, given: Given, levels: list[Level], place: Place, span: Span) -> dict[str, Any] | None:
        values: dict[str, Any] = {}
        whole = given.whole
        for attribute in kind.attributes:
            name = attribute.name
            if name in given.values:
                value = convert(given.values[name], attribute.type, name, place)
            elif (found := _last(levels, name)) is not None:
                value = self._ruled(found, attribute)
            elif attribute.default is MISSING:
                if given.whole:
                    place.session.report(NotGiven(kind.name, name, str(attribute.type), span))
                whole = False
                continue
            else:
                value = attribute.default
            values[name] = value
            whole = whole and not is_poison(value)
        return values if whole else None

    def _ruled(self, found: tuple[Expr, Place], attribute: Attribute) -> Any:
        expr, place = found
        key = (id(expr), attribute.type)
        if place.blocks:  # a block's rules may use its attributes
            return convert(expr, attribute.type, attribute.name, place)
        if key not in self._values:
            self._values[key] = convert(expr, attribute.type, attribute.name, place)
        return self._values[key]

    def _parameters(self, kind: Kind, given: Given, levels: list[Level], place: Place) -> dict[str, ParameterSetting] | None:
        own = {attribute.name for attribute in kind.attributes}
        names = tuple(name for name in parameter_names(kind) if name not in own)
        commons = tuple(attribute for attribute in common_fields(kind) if attribute.name not in own)
        rows = [({bind.name.text: bind.value for bind in level.binds}, level.place, not level.place.blocks) for level in levels]
        rows.append((dict(given.values), place, False))
        merged: dict[str, Piece] = {}
        whole = True
        for exprs, where, kept in rows:
            common = self._common(exprs, commons, where, kept)
            whole = whole and common is not None
            for name in names:
                piece = self._piece(exprs[name], name, where, kept) if name in exprs else NOTHING
                whole = whole and piece is not None
                merged[name] = (piece or NOTHING).over((common or NOTHING).over(merged.get(name, NOTHING)))
        if not whole:
            return None
        return {name: piece.setting() for name, piece in merged.items() if piece != NOTHING}

    def _common(self, exprs: dict[str, Expr], commons: tuple[Attribute, ...], place: Place, kept: bool) -> Piece | None:
        """What the attributes for all parameters of a layer say: `init`, `lr_scale`, `wd_scale`."""
        said: dict[str, Any] = {}
        for attribute in commons:
            if attribute.name in exprs and attribute.name != "init":
                expr = exprs[attribute.name]
                value = self._ruled((expr, place), attribute) if kept else convert(expr, attribute.type, attribute.name, place)
                said[attribute.name] = value
        init = self._piece(exprs["init"], "init", place, kept) if "init" in exprs and commons else NOTHING
        if init is None or any(is_poison(value) for value in said.values()):
            return None
        return Piece(None, said.get("lr_scale"), said.get("wd_scale")).over(init)

    def _piece(self, expr: Expr, name: str, place: Place, kept: bool) -> Piece | None:
        if not kept:
            return read_parameter(expr, name, place)
        key = (id(expr), name)
        if key not in self._pieces:
            self._pieces[key] = read_parameter(expr, name, place)
        return self._pieces[key]


def _last(levels: list[Level], name: str) -> tuple[Expr, Place] | None:
    """What the strongest rule says of an attribute."""
    for level in reversed(levels):
        for bind in level.binds:
            if bind.name.text == name:
                return bind.value, level.place
    return None
