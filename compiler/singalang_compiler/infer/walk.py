"""One walk over a net in one phase: every layer's shape, parameters and state. One mistake, one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from singalang_compiler.codes.e0301_class_labels import ClassLabels
from singalang_compiler.codes.e0302_shared_shape import SharedShape
from singalang_compiler.codes.e0303_shapes import Shapes
from singalang_compiler.codes.e0303_shapes import Source as Step
from singalang_compiler.codes.e0307_parameter_needed import ParameterNeeded
from singalang_compiler.codes.e0308_too_large import TooLarge
from singalang_compiler.graph import FieldInput, LayerGraph, Node
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Inputs, Parameter, Shape, ShapeError, State, TensorSpec
from singalang_compiler.user_code import user_code_failed
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Source

LARGEST = 2**31 - 1
"""Elements of the largest tensor or parameter: what a 32-bit index reaches."""
_DERIVATION = 4  # at most this many steps of a derivation are told


@dataclass(frozen=True, slots=True)
class Seen:
    """What one walk found out about a node: `spec` is None where it cannot be known."""

    node: Node
    spec: TensorSpec | None
    inputs: Inputs | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    state: Mapping[str, State] = field(default_factory=dict)
    instance: Any = None


class Walk:
    """A walk over the nodes of one phase of a net. `shapes` holds parameter shapes of all nets, by (net, layer, parameter)."""

    def __init__(
        self,
        net: str,
        graph: LayerGraph,
        shapes: dict[tuple[str, str, str], Shape],
        instances: dict[str, Any],
        sources: Sequence[Source],
    ) -> None:
        self._net = net
        self._graph = graph
        self._shapes = shapes
        self._instances = instances
        self._sources = sources
        self.seen: dict[str, Seen] = {}
        self.problems: list[Diagnostic] = []

    def run(self) -> None:
        """Visits every node after its inputs and, where that can be, after the layers whose parameters it shares."""
        pending = list(self._graph.in_order)
        forced = False
        while pending:
            waiting = [node for node in pending if not self._visit(node, forced)]
            forced = len(waiting) == len(pending)
            pending = waiting

    def _visit(self, node: Node, forced: bool) -> bool:
        if any(source not in self.seen for source in node.inputs):
            return False
        if not forced and any(self._shared_shape(node, name) is None for name in self._shared_here(node)):
            return False
        self.seen[node.name] = self._infer(node)
        return True

    def _shared_here(self, node: Node) -> list[str]:
        """Parameters that a node takes from layers of this very graph."""
        settings = node.parameters.items()
        return [name for name, own in settings if own.shared and own.shared.net == self._net and own.shared.layer in self._graph]

    def _shared_shape(self, node: Node, name: str) -> Shape | None:
        shared = node.parameters[name].shared
        if shared is None:
            return None
        shape = self._shapes.get((shared.net, shared.layer, shared.name))
        return shape if shape is None or not shared.transposed else tuple(reversed(shape))

    def _infer(self, node: Node) -> Seen:
        if isinstance(node.operation, FieldInput):
            return Seen(node, node.operation.spec)
        assert isinstance(node.operation, Configured)
        specs = [self.seen[source].spec for source in node.inputs]
        tensors = tuple(spec for spec in specs if spec is not None)
        instance = self._instance(node)
        if len(tensors) != len(specs) or instance is None:
            return Seen(node, None, instance=instance)
        shared = {name: shape for name in node.parameters if (shape := self._shared_shape(node, name)) is not None}
        inputs = Inputs(tensors, shared, frozenset(name for name, own in node.parameters.items() if own.absent))
        try:
            return self._applied(node, node.operation, instance, inputs)
        except ShapeError as fault:
            self.problems.append(self._shapes_differ(node, fault))
        except Exception as failure:
            if node.operation.kind.origin is None:
                raise
            told = user_code_failed(failure, self._sources)
            self.problems.append(told or self._shapes_differ(node, _misdone(node.operation, failure)))
        return Seen(node, None, inputs, instance=instance)

    def _instance(self, node: Node) -> Any:
        assert isinstance(node.operation, Configured)
        if node.name not in self._instances:
            self._instances[node.name] = node.operation.instance()
        return self._instances[node.name]

    def _applied(self, node: Node, operation: Configured, instance: Any, inputs: Inputs) -> Seen:
        if operation.kind.family == "metrics":
            instance.check(inputs)
            return Seen(node, TensorSpec(()), inputs, instance=instance)
        if operation.kind.family == "sinks":
            return Seen(node, inputs[0], inputs, instance=instance)
        if not self._takes(node, operation, inputs):
            return Seen(node, None, inputs, instance=instance)
        spec: TensorSpec = instance.shape(inputs)
        wanted: dict[str, Parameter] = instance.parameters(inputs)
        for name, parameter in wanted.items():
            if name not in inputs.absent and not (node.parameters.get(name) and node.parameters[name].shared):
                self._shapes[self._net, node.name, name] = parameter.shape
        if not self._parameters_fit(node, wanted, inputs) or not self._sizes_fit(node, spec, wanted):
            return Seen(node, None, inputs, instance=instance)
        kept = {name: parameter for name, parameter in wanted.items() if name not in inputs.absent}
        return Seen(node, spec, inputs, kept, instance.state(inputs), instance)

    def _takes(self, node: Node, operation: Configured, inputs: Inputs) -> bool:
        if operation.kind.constants["takes_classes"] or operation.kind.constants["is_loss"]:
            return True
        for place, spec in enumerate(inputs.tensors):
            if spec.classes is not None:
                source = self._graph[node.inputs[place]]
                self.problems.append(ClassLabels(node.kind, str(spec), node.span, source.name, source.span).diagnostic())
                return False
        return True

    def _parameters_fit(self, node: Node, wanted: Mapping[str, Parameter], inputs: Inputs) -> bool:
        count = len(self.problems)
        for name, parameter in wanted.items():
            setting = node.parameters.get(name)
            place = (setting.span if setting else None) or node.span
            if name in inputs.absent and not parameter.optional:
                self.problems.append(ParameterNeeded(node.kind, name, place).diagnostic())
            given = inputs.shared.get(name)
            if given is not None and given != parameter.shape and setting and setting.shared:
                owner = f"{setting.shared.layer}.{setting.shared.name}"
                self.problems.append(SharedShape(node.name, name, parameter.shape, owner, given, place).diagnostic())
        return len(self.problems) == count

    def _sizes_fit(self, node: Node, spec: TensorSpec, wanted: Mapping[str, Parameter]) -> bool:
        sizes = {"output": spec.shape} | {name: parameter.shape for name, parameter in wanted.items()}
        for name, shape in sizes.items():
            if prod(shape) > LARGEST:
                self.problems.append(TooLarge(node.name, name, shape, LARGEST, node.span).diagnostic())
                return False
        return True

    def _shapes_differ(self, node: Node, fault: ShapeError) -> Diagnostic:
        blamed = fault.input if fault.input is not None and 1 < len(node.inputs) == len(node.input_spans) else None
        place = node.span if blamed is None else node.input_spans[blamed]
        return Shapes(node.kind, fault.text, fault.hint, place, node.span, self._derivation(node)).diagnostic()

    def _derivation(self, node: Node) -> tuple[Step, ...]:
        """Where the shapes of the inputs come from; for one input, back to where they last changed."""
        if len(node.inputs) != 1:
            return tuple(self._told(name) for name in node.inputs[:_DERIVATION])
        found: list[Step] = []
        name: str | None = node.inputs[0]
        while name is not None and len(found) < _DERIVATION:
            before = self._before(name)
            while before is not None and self.seen[before].spec == self.seen[name].spec:
                name, before = before, self._before(before)
            found.append(self._told(name))
            name = before
        return tuple(found)

    def _before(self, name: str) -> str | None:
        inputs = self._graph[name].inputs
        return inputs[0] if inputs else None

    def _told(self, name: str) -> Step:
        seen = self.seen[name]
        return Step(name, str(seen.spec), seen.node.span)


def _misdone(operation: Configured, failure: Exception) -> ShapeError:
    """A user's kind that returned what it should not, as far as our own code could tell."""
    hint = f"`shape` of `{operation.name}` returns a TensorSpec, `parameters` a dict of Parameter, `state` a dict of State"
    return ShapeError(f"{type(failure).__name__}: {failure}", hint=hint)
