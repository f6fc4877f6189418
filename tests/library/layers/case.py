"""What a case file says of a layer kind: settings to try, and formulas in NumPy that know nothing of the layer's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from singalang_compiler.library.tensors import Inputs, Shape, TensorSpec

Numbers: TypeAlias = Any
"""A NumPy array of 64 bits, or of class labels. Typed Any, because NumPy's own operators return that."""


@dataclass(frozen=True)
class Case:
    """One setting of a kind.

    `drawn` says how inputs are made: `normal`; `apart`, all different and none near 0, for what has kinks; `ties`, few
    different numbers, where finite differences mean nothing. `uncut` names the partitions whose pieces are meant
    to differ from the whole.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    attributes: Mapping[str, object] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    shared: Mapping[str, Shape] = field(default_factory=dict)
    training: bool = True
    batch: int = 3
    weights: tuple[float, ...] | None = None
    drawn: Literal["normal", "apart", "ties"] = "normal"
    uncut: frozenset[str] = frozenset()

    @property
    def given(self) -> Inputs:
        """What the layer's methods are asked with."""
        return Inputs(self.inputs, self.shared, self.absent)


@dataclass(frozen=True)
class Call:
    """What a formula is given: the layer, for its attributes alone, and arrays of 64 bits, images as declared."""

    layer: Any
    inputs: tuple[Numbers, ...]
    parameters: Mapping[str, Numbers]
    state: Mapping[str, Numbers]
    training: bool
    weights: Numbers
    draws: Callable[[str], Numbers]  # by name, one number for each element of the first input


Gradients: TypeAlias = tuple[tuple[Numbers | None, ...], dict[str, Numbers]]
"""Of the inputs, None for class labels, and of the parameters."""


class CaseFile(Protocol):
    """The module `cases/<kind>.py`. It also holds `metrics`, `new_state` and `predict` where the kind has such things."""

    CASES: tuple[Case, ...]

    def forward(self, call: Call) -> Numbers:
        """The output."""

    def gradient(self, call: Call, g: Numbers) -> Gradients:
        """Gradient of the sum of g times the output."""


def numbers(*shape: int) -> TensorSpec:
    """An input of this shape."""
    return TensorSpec(shape)


def classes(count: int, *shape: int) -> TensorSpec:
    """Class labels."""
    return TensorSpec(shape, "i32", count)
