"""The body of a net or of a block instance: its statements, evaluated on demand in any order. Knows stages by `chains`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from singalang_compiler.codes.e0102_defined_twice import DefinedTwice
from singalang_compiler.codes.e0104_hidden_name import HiddenName
from singalang_compiler.codes.e0109_colon_for_equals import ColonForEquals
from singalang_compiler.codes.e0128_misplaced import Misplaced
from singalang_compiler.codes.e0132_automatic_name import AutomaticName
from singalang_compiler.codes.e0202_wrong_inputs import WrongInputs
from singalang_compiler.codes.e0209_recursive_block import RecursiveBlock
from singalang_compiler.codes.e0210_no_return import NoReturn
from singalang_compiler.codes.e0305_cycle import Cycle
from singalang_compiler.resolve.blocks import instance_attributes, spans_of
from singalang_compiler.resolve.chains import ChainMaker, Flow, Naming, phases_of
from singalang_compiler.resolve.definitions import BlockDefinition, Part
from singalang_compiler.resolve.evaluate import evaluate
from singalang_compiler.resolve.feeding import LAYER_FAMILIES
from singalang_compiler.resolve.layers import LayerReader
from singalang_compiler.resolve.nets import NetBuilder
from singalang_compiler.resolve.rules import NetRules, Rule, rule_of
from singalang_compiler.resolve.scopes import ABSENT, Absent, Local, Origin, Place, is_poison
from singalang_compiler.resolve.statements import BodyScope, Statement, needed_first
from singalang_compiler.resolve.values import POISON, LayerValue, Poison, Value
from singalang_compiler.resolve.walking import look_into
from singalang_grammar.source import Span
from singalang_grammar.tree import (
    Bind,
    Block,
    Declaration,
    Expr,
    Ident,
    Item,
    LayerStage,
    Member,
    Name,
    On,
    Path,
    Return,
    Section,
    When,
)
from singalang_grammar.tree import Flow as FlowItem

_NUMBERED = re.compile(r"(.+?)(\d+)")


class Body(ChainMaker):
    """A body with its statements. `prefix` stands before the names of its layers."""

    def __init__(self, builder: NetBuilder, rules: NetRules, prefix: str, place: Place) -> None:
        self.builder = builder
        self.rules = rules
        self.reader = LayerReader(rules)
        self.prefix = prefix
        self._place = place
        self._statements: list[Statement] = []
        self._by_name: dict[str, Statement] = {}
        self._spans: dict[str, Span] = {}
        self._loop_labels: dict[str, Statement] = {}
        self._made: dict[str, Value] = {}
        self._lost: set[str] = set()
        self._loop_numbers: dict[str, int] = {}
        self._automatic_numbers: dict[str, int] = {}

    # what the body is made of

    def read(self, parts: Iterable[Part], in_block: Block | None = None) -> list[Rule]:
        """Takes the statements of the items; gives the rules among them. Reports what has no place in a body."""
        scopes: dict[int, BodyScope] = {}
        rules: list[Rule] = []
        for part in parts:
            parent = self._place.scope if in_block else part.file
            scope = scopes.setdefault(id(part.file), BodyScope(self, parent))
            place = replace(self._place, scope=scope, visible=part.file, maker=self)
            self._read_item(part.item, place, rules, in_block)
        self._collect()
        return rules

    def _read_item(self, item: Item, place: Place, rules: list[Rule], in_block: Block | None) -> None:
        match item:
            case Bind() | FlowItem():
                self._statements.append(Statement(item, place, look_into(item)))
            case Return() if in_block is not None:
                self._statements.append(Statement(item, place, look_into(item)))
            case On():
                rules.append(rule_of(item, replace(place, maker=None), self.prefix))
            case When(phases=words, negated=negated, body=body):
                phases = phases_of(words, negated, place)
                inner = replace(place, phases=place.phases & phases) if phases is not None else replace(place, unsure=True)
                for inside in body:
                    self._read_item(inside, inner, rules, in_block)
            case Declaration(name=name, type=value):
                span = Span(name.span.source, name.span.start, max(name.span.end, value.span.start))
                place.session.report(ColonForEquals(name.text, span, in_net=True))
                self._lost.add(name.text)
                self.builder.poisoned = True
            case Section(kind=kind):
                place.session.report(Misplaced(f"a section `{kind.text}`", "in a net", item.head, "write it at file level"))
            case _:
                place.session.report(Misplaced("this", "in a net", item.span, "write it at file level"))

    def _collect(self) -> None:
        """Makes names and labels known, before anything is evaluated."""
        for statement in self._statements:
            if isinstance(statement.item, Bind):
                self._new_name(statement.item.name, statement, "value")
        for statement in self._statements:
            own = statement.item.name.text if isinstance(statement.item, Bind) else None
            for label in statement.seen.labels:
                if label.text != own and label.text not in self._by_name:
                    self._new_name(label, statement, "layer")
                elif label.text != own and self._by_name[label.text] is not statement and self._is_bound(label.text):
                    self._twice("layer", label)
            for label in statement.seen.loop_labels:
                self._loop_labels.setdefault(label.text, statement)
                self._spans.setdefault(label.text, label.span)
                self._refuse_hidden(label)

    def _is_bound(self, name: str) -> bool:
        item = self._by_name[name].item
        return isinstance(item, Bind) and item.name.text == name

    def _new_name(self, name: Ident, statement: Statement, what: str) -> None:
        if name.text in self._by_name:
            self._twice(what, name)
            return
        self._by_name[name.text] = statement
        self._spans[name.text] = name.span
        self._refuse_hidden(name)

    def _twice(self, what: str, name: Ident) -> None:
        self.builder.twice.add(self.prefix + name.text)
        self._place.session.report(DefinedTwice(what, name.text, self._spans[name.text], name.span, "take another name"))
        self.builder.poisoned = True

    def _refuse_hidden(self, name: Ident) -> None:
        scope = self._statements[0].place.scope
        assert isinstance(scope, BodyScope)
        found = scope.parent.taken(name.text)
        if found is not None:
            self._place.session.report(HiddenName(name.text, name.span, found[0], found[1]))

    def use_rules(self, rules: NetRules) -> None:
        """Sets the rules by which layers are read."""
        self.rules = rules
        self.reader = LayerReader(rules)

    # names

    def defines(self, name: str) -> bool:
        """Whether a statement or label of the body has this name."""
        return name in self._by_name or name in self._made or name in self._lost

    def defined_at(self, name: str) -> Span | None:
        """Where a name of the body is defined."""
        return self._spans.get(name)

    def written(self, name: str) -> Expr | None:
        """The expression that a name of the body is bound to."""
        statement = self._by_name.get(name)
        item = statement.item if statement else None
        return item.value if isinstance(item, Bind) and item.name.text == name else None

    def names(self) -> list[str]:
        """Every name that the body has so far."""
        return sorted({*self._by_name, *self._made})

    def lookup(self, name: str, use: Span) -> Value | Absent:
        """The value of a name of the body; runs the statement that it comes from, if need be."""
        if name in self._made:
            return self._made[name]
        statement = self._by_name.get(name) or self._numbered(name)
        if statement is not None:
            self.force(statement, name, use)
        elif name not in self._lost:
            return self._automatic(name, use)
        if name in self._made:
            return self._made[name]
        return POISON if self.builder.poisoned or name in self._lost else ABSENT

    def _numbered(self, name: str) -> Statement | None:
        found = _NUMBERED.fullmatch(name)
        return self._loop_labels.get(found[1]) if found else None

    def _automatic(self, name: str, use: Span) -> Value | Absent:
        """A layer by the name that it was given for want of a label."""
        found = _NUMBERED.fullmatch(name)
        visible = self._place.visible
        if not found or not (any(visible.kind(family, found[1]) for family in LAYER_FAMILIES) or visible.block(found[1])):
            return ABSENT
        full = self.prefix + name
        for statement in self._statements:
            if full not in self.builder.automatic and statement.state == "new":
                self.force(statement, name, use)
        if full not in self.builder.automatic:
            return POISON if self.builder.poisoned else ABSENT
        self._place.session.report(AutomaticName(name, use, self.builder.automatic[full]))
        if full in self.builder.values:
            return self.builder.values[full]
        node = self.builder.nodes[full]
        return LayerValue(self.builder, full, node.phases, node.span)

    # evaluation

    def run(self) -> None:
        """Runs every statement, those that others need before them."""
        for statement in needed_first(self._statements, {**self._loop_labels, **self._by_name}):
            if statement.state == "new":
                self.force(statement, statement.name.text, statement.name.span)

    def force(self, statement: Statement, name: str, use: Span) -> None:
        """Runs a statement, unless it has run; reports a name that is needed to compute itself."""
        session = self._place.session
        if statement.state == "running":
            if not is_poison(self._made.get(name)):
                self._report_cycle(statement, name, use)
                self._made[name] = POISON
            return
        if statement.state == "done":
            return
        statement.state = "running"
        session.running.append(statement)
        with session.heard(self.builder.scratch):
            self._run(statement)
        session.running.pop()
        statement.state = "done"

    def _report_cycle(self, statement: Statement, name: str, use: Span) -> None:
        running = self._place.session.running
        chain = running[running.index(statement) :]
        first = Ident(name, self._spans.get(name, statement.name.span))
        names = (first, *(one.name for one in chain[1:]))
        texts = (*(one.text for one in names), name)
        self._place.session.report(Cycle(texts, use, tuple(one.span for one in names)))
        self.builder.poisoned = True

    def _run(self, statement: Statement) -> None:
        match statement.item:
            case Bind(name=name, value=value):
                statement.value = evaluate(value, statement.place, None, name)
                if statement.place.unsure or is_poison(statement.value):
                    self.lose(name)
                    statement.value = POISON
                self._made[name.text] = statement.value
                if isinstance(statement.value, LayerValue):
                    self.builder.values.setdefault(self.prefix + name.text, statement.value)
            case Return(value=value):
                statement.value = evaluate(value, statement.place)
            case FlowItem(head=head, stages=stages):
                start = evaluate(_as_expr(head), statement.place)
                flow = self._flowing(start, _as_expr(head), statement.place)
                if isinstance(self.stages(flow, stages, statement.place), Poison):
                    self.builder.poisoned = True

    # what chains ask for

    def name_layer(self, label: Ident | None, kind: str, place: Place, binding: Ident | None) -> Naming:
        """The name of a new layer or instance."""
        if label is not None:
            local, groups = label.text, place.groups
            if place.looped:
                groups = (*groups, self.prefix + label.text)
                local += str(self._next(self._loop_numbers, label.text))
            aliases = (self.prefix + binding.text,) if binding and binding.text != local else ()
            return Naming(self.prefix + local, False, aliases, groups)
        if binding is not None:
            return Naming(self.prefix + binding.text, False, (), place.groups)
        while True:
            local = kind + str(self._next(self._automatic_numbers, kind))
            full = self.prefix + local
            if local not in self._by_name and full not in self.builder.nodes and full not in self.builder.values:
                return Naming(full, True, (), place.groups)

    def _next(self, numbers: dict[str, int], name: str) -> int:
        numbers[name] = numbers.get(name, 0) + 1
        return numbers[name]

    def lose(self, label: Ident | None) -> None:
        """Notes that the layer of a label is missing because of a mistake."""
        self.builder.poisoned = True
        if label is not None:
            self._lost.add(label.text)

    def keep(self, label: Ident, value: Value, place: Place) -> None:
        """Makes a value known by the label of a stage."""
        self._made.setdefault(label.text, value)
        if isinstance(value, LayerValue):
            self.builder.values.setdefault(self.prefix + label.text, value)

    def instance(self, block: BlockDefinition, stage: LayerStage, flow: Flow, naming: Naming, place: Place) -> Value:
        """The value of a block applied to what flows in: its body with inputs and attributes for its names."""
        session, syntax = place.session, block.block
        if any(open_block.block is syntax for open_block in session.expanding):
            path = (*(open_block.block.name.text for open_block in session.expanding), syntax.name.text)
            return session.report(RecursiveBlock(syntax.name.text, stage.kind.span, path))
        values, origins = instance_attributes(block, stage, place)
        if isinstance(flow, Poison) or values is None:
            return POISON
        if len(flow.tensors) != len(syntax.inputs):
            count = len(syntax.inputs)
            wanted = f"{count} input{'' if count == 1 else 's'}"
            return session.report(WrongInputs(syntax.name.text, wanted, len(flow.tensors), stage.span))
        if place.unsure or self._in_phase(flow, place) is None or self._is_taken(naming, stage):
            return POISON
        if naming.automatic:
            self.builder.automatic[naming.full] = stage.span
        values |= {name.text: tensor for name, tensor in zip(syntax.inputs, flow.tensors, strict=True)}
        value = self._expanded(block, values, origins, naming, place)
        if isinstance(value, LayerValue):
            value = replace(value, group=naming.full, span=stage.span)
            self.builder.values[naming.full] = value
        if not naming.automatic and not is_poison(value):
            self._made.setdefault(naming.full[len(self.prefix) :], value)
        return value

    def _is_taken(self, naming: Naming, stage: LayerStage) -> bool:
        before = self.builder.values.get(naming.full)
        node = self.builder.nodes.get(naming.full)
        if before is None and node is None:
            return False
        if naming.full in self.builder.twice:
            return True
        span = node.span if node else before.span if before else stage.span
        hint = "give one of them another label"
        self._place.session.report(DefinedTwice("layer", naming.full, span, stage.span, hint))
        return True

    def _expanded(
        self, block: BlockDefinition, values: dict[str, Value], origins: dict[str, Origin], naming: Naming, place: Place
    ) -> Value:
        session = place.session
        groups = (*naming.groups, naming.full, *naming.aliases)
        blocks = (*place.blocks, block.block.name.text)
        outer = replace(block.file.place, phases=place.phases, groups=groups, blocks=blocks)
        spans = spans_of(block.block)
        outer = replace(outer, scope=Local(block.file, values, "an input or attribute of the block", spans, origins))
        session.expanding.append(block)
        session.expanded.add(id(block.block))
        value = expand(self.builder, self.rules, naming.full + ".", block, outer)
        session.expanding.pop()
        return value

    def returned(self, block: Block) -> Value:
        """The value of a block: what its `return` says."""
        found = [statement for statement in self._statements if isinstance(statement.item, Return)]
        if not found:
            return self._place.session.report(NoReturn(block.name.text, block.name.span))
        if len(found) > 1:
            first, again = found[0].item.span, found[1].item.span
            self._place.session.report(DefinedTwice("return", "", first, again, "a block has one value"))
        return found[0].value


def expand(builder: NetBuilder, rules: NetRules, prefix: str, block: BlockDefinition, place: Place) -> Value:
    """The value of a block's body; `place` has its inputs and attributes in scope."""
    body = Body(builder, rules, prefix, place)
    own = body.read((Part(item, block.file) for item in block.block.body), block.block)
    if own:
        body.use_rules(NetRules(own, {}, rules))
    body.run()
    if own:
        inside = {name: layer for name, layer in builder.layers.items() if name.startswith(prefix)}
        body.rules.finish(inside, builder.poisoned)
    return body.returned(block.block)


def _as_expr(path: Path) -> Expr:
    expr: Expr = Name(path.parts[0].text, path.parts[0].span)
    for part in path.parts[1:]:
        expr = Member(expr, part, path.parts[0].span.to(part.span))
    return expr
