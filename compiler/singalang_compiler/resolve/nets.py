"""One net while it is made: its nodes, every name of them, and their shapes so far. Knows no syntax of chains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from singalang_compiler.codes.e0102_defined_twice import DefinedTwice
from singalang_compiler.codes.e0125_too_large import TooLarge
from singalang_compiler.codes.e0133_no_member import NoMember
from singalang_compiler.codes.e0205_unknown_parameter import UnknownParameter
from singalang_compiler.codes.e0214_no_axis import NoAxis
from singalang_compiler.graph import FieldInput, Node
from singalang_compiler.infer.incremental import IncrementalShapes
from singalang_compiler.job import PHASES
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Shape, TensorSpec
from singalang_compiler.resolve.scopes import ABSENT
from singalang_compiler.resolve.selection import LayerNames
from singalang_compiler.resolve.session import LAYERS, Exhausted, Session
from singalang_compiler.resolve.values import POISON, FieldValue, HolderValue, LayerValue, ParameterValue, Value
from singalang_grammar.source import Span
from singalang_grammar.tree import Ident

if TYPE_CHECKING:
    from singalang_compiler.resolve.bodies import Body

WORK_PER_LAYER = 200
"""Evaluation steps that each layer may take without counting against the bound."""
SHAPE_MEMBERS = ("shape", "width", "channels")
"""What a layer's output tells of its shape."""


def shape_member(spec: TensorSpec, name: Ident, session: Session) -> Value:
    """`.shape`, `.width` or `.channels` of an output."""
    shape = spec.shape
    if name.text == "shape":
        return tuple(shape)
    if name.text == "width" and shape:
        return shape[-1]
    if name.text == "channels" and len(shape) == 3:
        return shape[0]
    return session.report(NoAxis(name.text, str(spec), name.span))


class NetBuilder:
    """A net in the making. `poisoned`: a layer is missing because of a mistake that was reported."""

    def __init__(self, name: str, session: Session, scratch: bool = False) -> None:
        self.name = name
        self.scratch = scratch  # made only to find out what ranges stand for
        self.session = session
        self.nodes: dict[str, Node] = {}
        self.layers: dict[str, LayerNames] = {}
        self.values: dict[str, LayerValue] = {}  # by full name: labels, instances, bindings that hold a layer
        self.automatic: dict[str, Span] = {}  # layers and instances whose name was made
        self.twice: set[str] = set()  # names that were told to be defined twice
        self.poisoned = False
        self.body: Body | None = None
        self._shapes = IncrementalShapes()
        self._shaped = 0
        self._order: list[Node] = []

    def add(self, node: Node, layer: LayerNames) -> LayerValue | None:
        """Adds a node; None where its name is taken, and that was reported."""
        before = self.nodes.get(node.name)
        taken = before.span if before else self.values[node.name].span if node.name in self.values else None
        if taken is not None:
            if node.name not in self.twice:
                self.session.report(DefinedTwice("layer", node.name, taken, node.span, "give one of them another label"))
            self.poisoned = True
            return None
        self._count(node.span)
        self.nodes[node.name] = node
        self._order.append(node)
        self.layers[node.name] = layer
        if node.automatic:
            self.automatic[node.name] = node.span
        return LayerValue(self, node.name, node.phases, node.span)

    def _count(self, span: Span) -> None:
        self.session.layers += 1
        self.session.grant(WORK_PER_LAYER)
        if self.session.layers > LAYERS:
            self.session.muted = False
            self.session.report(TooLarge(f"the program has more than {LAYERS:,} layers", "shorten its loops", span))
            raise Exhausted

    def add_field(self, field: FieldValue) -> None:
        """Makes sure that a data field is among the nodes."""
        if field.node not in self.nodes:
            operation = FieldInput(field.data, field.name, field.spec)
            node = Node(name=field.node, operation=operation, phases=frozenset(PHASES), span=field.span)
            self.nodes[node.name] = node
            self._order.append(node)

    def member(self, name: Ident, of: Any) -> Value:
        """`layer.width`, `layer.weight`, `instance.layer`, `net.layer`."""
        if isinstance(of, HolderValue):
            return self._net_member(name)
        assert isinstance(of, LayerValue)
        if name.text in SHAPE_MEMBERS:
            spec = self.spec(of.node)
            return POISON if spec is None else shape_member(spec, name, self.session)
        inner = self.values.get(f"{of.group or of.node}.{name.text}")
        return inner if inner is not None else self._parameter(name, of)

    def _net_member(self, name: Ident) -> Value:
        assert self.body is not None
        found = self.body.lookup(name.text, name.span)
        if found is not ABSENT:
            return found
        if self.poisoned or self.session.is_broken(name.text, name.span):
            return POISON
        return self.session.report(NoMember(f"net `{self.name}`", name.text, name.span, tuple(self.body.names())))

    def _parameter(self, name: Ident, of: LayerValue) -> Value:
        node = self.nodes[of.node]
        known: tuple[str, ...] = ()
        if isinstance(node.operation, Configured):
            known = tuple(node.operation.kind.constants.get("parameter_names", ()))
        setting = node.parameters.get(name.text)
        if name.text in known and not (setting and setting.absent):
            if setting and setting.shared:
                shared = setting.shared
                return ParameterValue(shared.net, shared.layer, shared.name, shared.transposed)
            return ParameterValue(self.name, node.name, name.text)
        if self.poisoned or self.session.is_broken(name.text, name.span):
            return POISON
        inner = self._inner_names(of)
        return self.session.report(
            UnknownParameter(of.group or of.node, node.kind, name.text, name.span, (*SHAPE_MEMBERS, *known, *inner))
        )

    def _inner_names(self, of: LayerValue) -> list[str]:
        if of.group is None:
            return []
        prefix = of.group + "."
        return sorted(name[len(prefix) :] for name in self.values if name.startswith(prefix))

    def spec(self, name: str) -> TensorSpec | None:
        """The shape of a node's output, None where it cannot be told: works out the nodes made so far, each once."""
        while self._shaped < len(self._order):
            node = self._order[self._shaped]
            self._shaped += 1
            try:
                self._shapes.add(node, self._shared_shapes(node))
            except Exception:
                if not _is_users(node):
                    raise
        return self._shapes.spec(name)

    def parameter_shape(self, layer: str, name: str) -> Shape | None:
        """The shape of a parameter, where it can be told."""
        self.spec(layer)
        return self._shapes.parameter(layer, name)

    def _shared_shapes(self, node: Node) -> dict[str, Shape]:
        found = {}
        for name, setting in node.parameters.items():
            if setting.shared is not None:
                owner = self if setting.shared.net == self.name else self.session.builders.get(setting.shared.net)
                shape = owner.parameter_shape(setting.shared.layer, setting.shared.name) if owner else None
                if shape is not None:
                    found[name] = tuple(reversed(shape)) if setting.shared.transposed else shape
        return found

    def whole_nodes(self) -> Iterable[Node]:
        """The nodes in the order in which they were made."""
        return self._order


def _is_users(node: Node) -> bool:
    return isinstance(node.operation, Configured) and node.operation.kind.origin is not None
