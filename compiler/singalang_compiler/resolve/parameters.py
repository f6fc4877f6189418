"""What a program says of a parameter: `weight = gaussian(std = 0.1)`, `param(0, lr_scale = 2)`, `other.weight`, `none`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from singalang_compiler.codes.e0112_wrong_type import WrongType
from singalang_compiler.graph import ParameterSetting, SharedParameter
from singalang_compiler.library.attributes import AttributeType, FamilyType, NoneType, UnionType
from singalang_compiler.library.kinds import Configured
from singalang_compiler.resolve.arguments import Taker, match_arguments
from singalang_compiler.resolve.evaluate import evaluate
from singalang_compiler.resolve.fitting import convert, fit, head_of
from singalang_compiler.resolve.scopes import Place, is_poison
from singalang_compiler.resolve.values import Deferred, ParameterValue
from singalang_compiler.resolve.wishes import Want
from singalang_compiler.sections.net import ParameterFields
from singalang_compiler.sections.schema import attributes_of
from singalang_grammar.source import Span
from singalang_grammar.tree import Call, Expr

SETTING: AttributeType = UnionType((FamilyType("inits"), NoneType()))
"""What an attribute for a parameter takes, besides `param(...)` and another layer's parameter."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what is said of a parameter; None where it says nothing."""

    init: Configured | None = None
    lr_scale: float | None = None
    wd_scale: float | None = None
    absent: bool = False
    shared: SharedParameter | None = None
    span: Span | None = None

    def over(self, below: Piece) -> Piece:
        """Both, this one stronger: field by field; what a parameter is (an initialiser, another's, none) goes together."""
        says_what = self.init is not None or self.absent or self.shared is not None
        source = self if says_what else below
        return Piece(
            source.init,
            self.lr_scale if self.lr_scale is not None else below.lr_scale,
            self.wd_scale if self.wd_scale is not None else below.wd_scale,
            source.absent,
            source.shared,
            (self.span if says_what else None) or below.span or self.span,
        )

    def setting(self) -> ParameterSetting:
        """The piece as the graph records it."""
        return ParameterSetting(self.init, self.lr_scale, self.wd_scale, self.absent, self.shared, self.span)


NOTHING = Piece()


def read_parameter(expr: Expr, name: str, place: Place) -> Piece | None:
    """What an expression says of the parameter `name`; None where it is wrong, and was reported."""
    value: Any = evaluate(expr, place, Want(SETTING, name))
    if is_poison(value):
        return None
    if isinstance(value, ParameterValue):
        return Piece(shared=SharedParameter(value.net, value.layer, value.name, value.transposed), span=expr.span)
    if value is None:
        return Piece(absent=True, span=expr.span)
    if isinstance(value, Deferred) and head_of(value.expr).text == "param":
        return _param(value, expr, name)
    init = fit(value, SETTING, name, expr, place)
    return None if is_poison(init) else Piece(init=init, span=expr.span)


def _param(value: Deferred, expr: Expr, name: str) -> Piece | None:
    place: Place = value.place
    if not isinstance(value.expr, Call):
        place.session.report(WrongType(name, str(SETTING), "the word `param`", expr.span, "write `param(init, lr_scale = 2)`"))
        return None
    fields = attributes_of(ParameterFields)
    names = tuple(field.name for field in fields)
    given = match_arguments(Taker("param", names, names), value.expr.arguments, place)
    values = {
        field.name: convert(given.values[field.name], field.type, field.name, place)
        for field in fields
        if field.name in given.values and field.name != "init"
    }
    init = read_parameter(given.values["init"], name, place) if "init" in given.values else NOTHING
    if init is None or not given.whole or any(is_poison(item) for item in values.values()):
        return None
    return Piece(values.get("init"), values.get("lr_scale"), values.get("wd_scale"), span=expr.span).over(init)
