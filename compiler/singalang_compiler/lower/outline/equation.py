"""One operation of JAX's as the rules see it: its name, parameters, inputs and results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from singalang_compiler.lower.outline.operations import Operation, Operations, Shape, Use


class Result(NamedTuple):
    """A result: shape, bytes of an element, and NumPy's name of its type."""

    shape: Shape
    item_bytes: int
    dtype: str


class Equation(NamedTuple):
    """One operation of JAX's."""

    operations: Operations
    name: str
    params: Mapping[str, Any]
    inputs: tuple[Operation, ...]
    results: tuple[Result, ...]

    @property
    def shape(self) -> Shape:
        """Shape of its first result."""
        return self.results[0].shape

    @property
    def key(self) -> str:
        """What two of a name must have in common besides inputs and shape to be the same."""
        return str(sorted((name, str(value)) for name, value in self.params.items() if "sharding" not in name))

    def add(
        self,
        name: str = "",
        inputs: Sequence[Operation] | None = None,
        uses: Sequence[Use] | None = None,
        *,
        shape: Shape | None = None,
        **more: Any,
    ) -> Operation:
        """The operation of the outline for its first result, or another one of the same type."""
        return self.operations.add(
            name or self.name,
            self.shape if shape is None else shape,
            self.results[0].item_bytes,
            self.inputs if inputs is None else inputs,
            uses,
            **{"same": self.key, "dtype": self.results[0].dtype, **more},
        )
