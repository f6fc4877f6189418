"""Chains and their stages: layers, `for`, `if`, `when`, block instances, operators on layers. Knows not whose body it is in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TypeAlias

from singalang_compiler.codes.e0201_unknown_layer import UnknownLayer
from singalang_compiler.codes.e0202_wrong_inputs import WrongInputs
from singalang_compiler.codes.e0203_not_a_layer import NotALayer
from singalang_compiler.codes.e0204_other_net import OtherNet
from singalang_compiler.codes.e0206_arrow_after_operator import ArrowAfterOperator
from singalang_compiler.codes.e0211_other_phase import OtherPhase
from singalang_compiler.codes.e0212_layer_operator import LayerOperator
from singalang_compiler.codes.e0213_unknown_phase import UnknownPhase
from singalang_compiler.graph import Node, PhaseSwitch
from singalang_compiler.job import PHASES
from singalang_compiler.library.kinds import Configured, Kind
from singalang_compiler.resolve.definitions import BlockDefinition
from singalang_compiler.resolve.evaluate import condition, evaluate, list_value
from singalang_compiler.resolve.feeding import LAYER_FAMILIES, how_to_feed, layer_kind
from singalang_compiler.resolve.layers import LayerReader, LayerSettings
from singalang_compiler.resolve.nets import NetBuilder
from singalang_compiler.resolve.scopes import Place, is_poison, refuse_hidden
from singalang_compiler.resolve.selection import LayerNames
from singalang_compiler.resolve.values import POISON, FieldValue, LayerValue, Poison, Tensor, Value, described, is_number
from singalang_grammar.source import Span
from singalang_grammar.tree import (
    Argument,
    Binary,
    Chain,
    Expr,
    ForStage,
    Ident,
    IfStage,
    LayerStage,
    List,
    Number,
    Paren,
    Stage,
    Tuple,
    Unary,
    WhenStage,
)


@dataclass(frozen=True, slots=True)
class Flowing:
    """What flows into a stage: the outputs, and where each was written."""

    tensors: tuple[Tensor, ...]
    spans: tuple[Span, ...]


Flow: TypeAlias = Flowing | Poison


@dataclass(frozen=True, slots=True)
class Naming:
    """The name of a new layer in the body, its full name, and the names by which rules may also mean it."""

    full: str
    automatic: bool
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class ChainMaker(ABC):
    """What chains need of the body that they stand in."""

    builder: NetBuilder
    reader: LayerReader
    prefix: str

    @abstractmethod
    def name_layer(self, label: Ident | None, kind: str, place: Place, binding: Ident | None) -> Naming:
        """The name of a new layer or instance."""

    @abstractmethod
    def instance(self, block: BlockDefinition, stage: LayerStage, flow: Flow, naming: Naming, place: Place) -> Value:
        """The value of a block applied to what flows in."""

    @abstractmethod
    def lose(self, label: Ident | None) -> None:
        """Notes that the layer of a label is missing because of a mistake."""

    @abstractmethod
    def keep(self, label: Ident, value: Value, place: Place) -> None:
        """Makes a value known by the label of a stage."""

    def chain(self, expr: Chain, place: Place, binding: Ident | None) -> Value:
        """The value of a chain."""
        head: Expr = expr.head
        if isinstance(head, Binary):
            first = expr.stages[0].span.text if expr.stages else ""
            texts = (_short(head.left.span.text), head.operator, _short(head.right.span.text), _short(first))
            place.session.report(ArrowAfterOperator(*texts, head.span))
            flow: Flow = POISON
        else:
            flow = self._flowing(evaluate(head, place), head, place)
        return _value(self.stages(flow, expr.stages, place, binding))

    def _flowing(self, value: Value, expr: Expr, place: Place) -> Flow:
        """A value as what flows into a stage."""
        if is_poison(value):
            return POISON
        if not isinstance(value, tuple):
            return self._checked((value,), (expr,), place)
        while isinstance(expr, Paren):
            expr = expr.value
        items = expr.items if isinstance(expr, List | Tuple) and len(expr.items) == len(value) else (expr,) * len(value)
        if not value:
            return place.session.report(NotALayer("an empty list", expr.span))
        return self._checked(value, items, place)

    def _checked(self, values: tuple[Value, ...], exprs: tuple[Expr, ...], place: Place) -> Flow:
        whole = True
        tensors: list[Tensor] = []
        for value, expr in zip(values, exprs, strict=True):
            if isinstance(value, LayerValue) and value.owner is not self.builder:
                place.session.report(OtherNet(value.node, value.owner.name, expr.span))
                whole = False
            elif isinstance(value, LayerValue | FieldValue):
                tensors.append(value)
            else:
                place.session.report(NotALayer(described(value), expr.span, how_to_feed(value, place)))
                whole = False
        return Flowing(tuple(tensors), tuple(expr.span for expr in exprs)) if whole else POISON

    def stages(self, flow: Flow, stages: tuple[Stage, ...], place: Place, binding: Ident | None = None) -> Flow:
        """What flows out of the last of some stages. `binding` names the last, where it is a layer."""
        for number, stage in enumerate(stages):
            last = number == len(stages) - 1
            match stage:
                case LayerStage():
                    flow = self._layer_stage(stage, flow, place, binding if last else None)
                case ForStage():
                    flow = self._for_stage(stage, flow, place)
                case IfStage():
                    flow = self._if_stage(stage, flow, place)
                case WhenStage():
                    flow = self._when_stage(stage, flow, place)
            if stage.label is not None and not isinstance(stage, LayerStage | WhenStage):
                self.keep(stage.label, _value(flow), place)
        return flow

    def _layer_stage(self, stage: LayerStage, flow: Flow, place: Place, binding: Ident | None) -> Flow:
        place.session.spend(1, stage.span)
        name = stage.kind.text
        block = place.visible.block(name)
        kind = layer_kind(name, place)
        if block is None and kind is None:
            self.lose(stage.label or binding)
            return _unknown_layer(stage, place)
        naming = self.name_layer(stage.label, name, place, binding)
        if block is not None:
            value = self.instance(block, stage, flow, naming, place)
            return self._out(value, stage.span, stage.label or binding, place)
        assert kind is not None
        value = self._layer(kind, stage.arguments or (), flow, naming, place, stage.span)
        if is_poison(value):
            self.lose(stage.label or binding)
        elif stage.label is not None:
            self.keep(Ident(_local(naming.full), stage.label.span), value, place)
        return self._out(value, stage.span, stage.label or binding, place)

    def _out(self, value: Value, span: Span, label: Ident | None, place: Place) -> Flow:
        if isinstance(value, tuple):
            return self._checked(value, (Paren(Number("0", span), span),) * len(value), place)
        if isinstance(value, LayerValue | FieldValue):
            return Flowing((value,), (span,))
        self.lose(label)
        return POISON

    def _layer(
        self, kind: Kind, arguments: tuple[Argument, ...], flow: Flow, naming: Naming, place: Place, span: Span
    ) -> LayerValue | Poison:
        """A new layer; POISON where it could not be made."""
        names = LayerNames(naming.full, kind.name, naming.aliases, naming.groups, place.blocks)
        settings = self.reader.read(kind, arguments, names, place, span)
        if isinstance(flow, Poison) or not self._takes(kind, flow, place, span):
            return POISON
        flowing = self._in_phase(flow, place)
        if settings is None or flowing is None or place.unsure:
            return POISON
        return self._node(settings, flowing, naming, names, place, span)

    def _node(
        self, settings: LayerSettings, flow: Flowing, naming: Naming, names: LayerNames, place: Place, span: Span
    ) -> LayerValue | Poison:
        node = Node(
            name=naming.full,
            operation=settings.configured,
            inputs=self._inputs(flow),
            parameters=settings.parameters,
            phases=place.phases,
            automatic=naming.automatic,
            span=span,
            input_spans=flow.spans,
        )
        return self.builder.add(node, names) or POISON

    def _inputs(self, flow: Flowing) -> tuple[str, ...]:
        for tensor in flow.tensors:
            if isinstance(tensor, FieldValue):
                self.builder.add_field(tensor)
        return tuple(tensor.node for tensor in flow.tensors)

    def _takes(self, kind: Kind, flow: Flowing, place: Place, span: Span) -> bool:
        least, most = kind.constants.get("arity", (1, 1))
        count = len(flow.tensors)
        if count >= least and (most is None or count <= most):
            return True
        hint = "feed several inputs as `(a, b) -> " + kind.name + "`" if count < least else None
        place.session.report(WrongInputs(kind.name, _counted(least, most), count, span, hint))
        return False

    def _in_phase(self, flow: Flowing, place: Place) -> Flowing | None:
        """What flows, unless some of it does not exist in every phase of the place."""
        for tensor, span in zip(flow.tensors, flow.spans, strict=True):
            missing = place.phases - tensor.phases
            if missing and isinstance(tensor, LayerValue):
                has = tuple(phase for phase in PHASES if phase in tensor.phases)
                lacks = tuple(phase for phase in PHASES if phase in missing)
                place.session.report(OtherPhase(tensor.group or tensor.node, span, has, lacks, tensor.span))
                return None
        return flow

    def _for_stage(self, stage: ForStage, flow: Flow, place: Place) -> Flow:
        refuse_hidden(stage.name, place)
        items = list_value(stage.items, place, "for")
        around = replace(place, looped=True, groups=self._grouped(stage.label, place))
        if not isinstance(items, tuple):
            items, around, flow = (POISON,), replace(around, unsure=True), POISON
        inside = around.repeated(stage.name, stage.items)
        for number, item in enumerate(items):
            place.session.spend(1, stage.span)
            flow = self.stages(flow, stage.stages, inside(number, item))
            if isinstance(flow, Poison):
                self.builder.poisoned = True
                break
        return flow

    def _grouped(self, label: Ident | None, place: Place) -> tuple[str, ...]:
        return (*place.groups, self.prefix + label.text) if label else place.groups

    def _if_stage(self, stage: IfStage, flow: Flow, place: Place) -> Flow:
        test = condition(stage.test, place)
        around = replace(place, groups=self._grouped(stage.label, place))
        if isinstance(test, bool):
            return self.stages(flow, stage.stages, around) if test else flow
        self.stages(flow, stage.stages, replace(around, unsure=True))
        self.builder.poisoned = True
        return POISON

    def _when_stage(self, stage: WhenStage, flow: Flow, place: Place) -> Flow:
        phases = phases_of(stage.phases, stage.negated, place)
        if phases is None:
            self.stages(flow, stage.stages, replace(place, unsure=True))
            self.lose(stage.label)
            return POISON
        here = place.phases & phases
        if not here:
            self.stages(flow, stage.stages, replace(place, unsure=True))
            return flow
        inner = self.stages(flow, stage.stages, replace(place, phases=here, groups=self._grouped(stage.label, place)))
        if here == place.phases or isinstance(inner, Poison) or isinstance(flow, Poison):
            return inner
        return self._switch(stage, flow, inner, phases, place)

    def _switch(self, stage: WhenStage, flow: Flowing, inner: Flowing, phases: frozenset[str], place: Place) -> Flow:
        if len(flow.tensors) != 1 or len(inner.tensors) != 1:
            count = max(len(flow.tensors), len(inner.tensors))
            return place.session.report(WrongInputs("when", "1 input", count, stage.span))
        both = Flowing((*inner.tensors, *flow.tensors), (*inner.spans, *flow.spans))
        naming = self.name_layer(stage.label, "when", place, None)
        names = LayerNames(naming.full, "when", naming.aliases, naming.groups, place.blocks)
        node = Node(
            name=naming.full,
            operation=PhaseSwitch(phases),
            inputs=self._inputs(both),
            phases=place.phases,
            automatic=naming.automatic,
            span=stage.span,
            input_spans=both.spans,
        )
        value = self.builder.add(node, names)
        if value is not None and stage.label is not None:
            self.keep(Ident(_local(naming.full), stage.label.span), value, place)
        return self._out(value or POISON, stage.span, stage.label, place)

    def operate(self, expr: Binary | Unary, left: Value, right: Value, place: Place, binding: Ident | None) -> Value:
        """The value of an operator on layers; a sign has its number -1 at the left."""
        operator = expr.operator if isinstance(expr, Binary) else "*"
        ends = (expr.left, expr.right) if isinstance(expr, Binary) else (expr.value, expr.value)
        both = isinstance(left, LayerValue | FieldValue) and isinstance(right, LayerValue | FieldValue)
        if operator == "*" and not both and (is_number(left) or is_number(right)):
            tensor, number, where = (right, left, ends[1]) if is_number(left) else (left, right, ends[0])
            return self._scaled(tensor, number, where, expr.span, place, binding)
        if not both or operator not in ("+", "-", "*"):
            hint = "write `" + f"{1}/x * layer" + "`" if operator == "/" and is_number(right) else None
            return place.session.report(LayerOperator(expr.operator, expr.span, (described(left), described(right)), hint))
        if operator == "-":
            right = self._scaled(right, -1, ends[1], ends[1].span, place, None)
        flow = self._checked((left, right), ends, place) if not is_poison(right) else POISON
        return self._combined("mul" if operator == "*" else "add", (), flow, expr.span, place, binding)

    def _scaled(self, tensor: Value, number: Value, where: Expr, span: Span, place: Place, binding: Ident | None) -> Value:
        kind = _library_kind("scale", place)
        attribute = kind.attributes[0].name
        settings = LayerSettings(Configured(kind, {**_defaults(kind), attribute: float(number)}))  # type: ignore[arg-type]
        flow = self._checked((tensor,), (where,), place)
        naming = self.name_layer(None, "scale", place, binding)
        if isinstance(flow, Poison) or place.unsure or (flowing := self._in_phase(flow, place)) is None:
            self.lose(binding)
            return POISON
        names = LayerNames(naming.full, "scale", naming.aliases, naming.groups, place.blocks)
        return self._node(settings, flowing, naming, names, place, span)

    def _combined(
        self, name: str, arguments: tuple[Argument, ...], flow: Flow, span: Span, place: Place, binding: Ident | None
    ) -> Value:
        naming = self.name_layer(None, name, place, binding)
        value = self._layer(_library_kind(name, place), arguments, flow, naming, place, span)
        if is_poison(value):
            self.lose(binding)
        return value


def phases_of(words: tuple[Ident, ...], negated: bool, place: Place) -> frozenset[str] | None:
    """The phases that a `when` names; None where one is unknown, and that was reported."""
    unknown = [word for word in words if word.text not in PHASES]
    for word in unknown:
        place.session.report(UnknownPhase(word.text, word.span, PHASES))
    if unknown:
        return None
    said = frozenset(word.text for word in words)
    return frozenset(PHASES) - said if negated else said


def _library_kind(name: str, place: Place) -> Kind:
    kind = place.visible.kind("layers", name)
    assert kind is not None, f"the library lacks {name}, which operators on layers stand for"
    return kind


def _defaults(kind: Kind) -> dict[str, object]:
    return {attribute.name: attribute.default for attribute in kind.attributes}


def _unknown_layer(stage: LayerStage, place: Place) -> Flow:
    name = stage.kind.text
    if place.visible.is_lost(name) or place.session.is_broken(name, stage.kind.span):
        return POISON
    known = [name for family in LAYER_FAMILIES for name in place.visible.kind_names(family)]
    hint = None
    if name in place.scope.names():
        hint = f"`{name}` is a value; layers and blocks stand behind `->`"
    return place.session.report(UnknownLayer(name, stage.kind.span, (*known, *place.visible.block_names()), hint))


def _counted(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least} input{'' if least == 1 else 's'}" if least else "any number of inputs"
    if least == most:
        return f"{least} input{'' if least == 1 else 's'}"
    return f"{least} to {most} inputs"


def _value(flow: Flow) -> Value:
    if isinstance(flow, Poison):
        return POISON
    return flow.tensors[0] if len(flow.tensors) == 1 else flow.tensors


def _local(full: str) -> str:
    return full.rsplit(".", 1)[-1]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 30 else text[:27] + "..."
