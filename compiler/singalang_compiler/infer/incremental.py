"""Shapes of nodes while a net is still being elaborated: for `.width` and the like. Makes no diagnostics; `infer.net` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singalang_compiler.graph import FieldInput, Node, PhaseSwitch
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Inputs, Shape, ShapeError, TensorSpec


class IncrementalShapes:
    """Specs of the nodes added so far. Add a node after its inputs; one whose shape cannot be told has none."""

    def __init__(self) -> None:
        self._specs: dict[str, TensorSpec] = {}
        self._parameters: dict[tuple[str, str], Shape] = {}

    def spec(self, name: str) -> TensorSpec | None:
        """The spec of a node, or None where it is not known."""
        return self._specs.get(name)

    def add(self, node: Node, shared: Mapping[str, Shape] | None = None) -> TensorSpec | None:
        """Works out and keeps a node's spec. `shared`: the shapes of parameters of other nodes, as they are used."""
        spec = self._spec_of(node, shared or {})
        if spec is not None:
            self._specs[node.name] = spec
        return spec

    def parameter(self, node: str, name: str) -> Shape | None:
        """The shape of a parameter of a node that was added."""
        return self._parameters.get((node, name))

    def _spec_of(self, node: Node, shared: Mapping[str, Shape]) -> TensorSpec | None:
        match node.operation:
            case FieldInput(spec=spec):
                return spec
            case PhaseSwitch():
                return self._specs.get(node.inputs[0])
            case Configured(kind=kind) if kind.family == "layers":
                return self._layer_spec(node, node.operation.instance(), shared)
            case _:
                return None

    def _layer_spec(self, node: Node, layer: Any, shared: Mapping[str, Shape]) -> TensorSpec | None:
        specs = [self._specs.get(name) for name in node.inputs]
        tensors = tuple(spec for spec in specs if spec is not None)
        if layer is None or len(tensors) != len(specs):
            return None
        absent = frozenset(name for name, setting in node.parameters.items() if setting.absent)
        inputs = Inputs(tensors, dict(shared), absent)
        try:
            spec: TensorSpec = layer.shape(inputs)
            for name, parameter in layer.parameters(inputs).items():
                self._parameters[node.name, name] = parameter.shape
        except ShapeError:
            return None
        return spec
