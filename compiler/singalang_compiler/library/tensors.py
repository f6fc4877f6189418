"""What layers say about tensors: shapes, parameters, state, partitions and costs. Holds no array and imports no array library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Shape: TypeAlias = tuple[int, ...]
"""Lengths of the axes of one record; the batch axis is never among them."""


class TensorSpec(msgspec.Struct, frozen=True):
    """What flows along an edge of the net, for one record.

    `dtype` is `float` (whatever precision the job has) or `i32`; `classes` is the number of classes of a class label,
    whose values are then 0 to classes - 1.
    """

    shape: Shape
    dtype: Literal["float", "i32"] = "float"
    classes: int | None = None

    @property
    def size(self) -> int:
        """Number of elements of one record."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    def __str__(self) -> str:
        """The shape as a user writes it; a class label as `class(10)`."""
        if self.classes is not None:
            return f"class({self.classes})" + (str(list(self.shape)) if self.shape else "")
        return str(list(self.shape))


class Inputs(msgspec.Struct, frozen=True):
    """What a layer is given when its shape is worked out.

    `shared` holds the shapes of the parameters that the program takes from other layers (after `transpose`), `absent`
    the names of the parameters that it leaves out (`bias = none`).
    """

    tensors: tuple[TensorSpec, ...]
    shared: Mapping[str, Shape] = msgspec.field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    def __getitem__(self, place: int) -> TensorSpec:
        """The input at this place, counted from 0."""
        return self.tensors[place]

    def __len__(self) -> int:
        """Number of inputs."""
        return len(self.tensors)


class Parameter(msgspec.Struct, frozen=True):
    """A parameter that a layer wants: `init` names the initialiser where the program sets none; a number is a constant.

    `fan_in` and `fan_out` are the numbers of inputs and outputs that one element of the parameter's layer sees, as the
    scaled initialisers use them. `optional` says that the program may leave it out with `= none`.
    """

    shape: Shape
    init: str | float = 0.0
    fan_in: int = 1
    fan_out: int = 1
    optional: bool = False


class State(msgspec.Struct, frozen=True):
    """Numbers that a layer carries from step to step and that no updater sees, such as running statistics."""

    shape: Shape
    initial: float = 0.0


class Partition(msgspec.Struct, frozen=True):
    """One legal way to cut a layer among workers. Axis 0 is the batch, axis 1 the first axis of a record; None is whole.

    `inputs`, `parameters` and `state` say along which axis each is cut (parameters and state have no batch axis, so their
    first axis is 0), `output` along which axis the pieces of the output lie; with `partial` the pieces are instead summands
    of the output.
    """

    name: Literal["batch", "feature"]
    inputs: tuple[int | None, ...]
    output: int | None
    parameters: Mapping[str, int] = msgspec.field(default_factory=dict)
    partial: bool = False
    state: Mapping[str, int] = msgspec.field(default_factory=dict)


class Cost(msgspec.Struct, frozen=True):
    """Work of a layer for one record: `forward_flops` and `backward_flops` count additions and multiplications apart.

    `residual_bytes_f32` is what the backward pass keeps of the forward pass besides the layer's own output, in bytes at
    32-bit precision; `moved_elements` counts elements read and written by both passes, which bounds layers that
    compute little; parameters are left out, as they are moved once a batch.
    """

    forward_flops: int
    backward_flops: int
    moved_elements: int
    residual_bytes_f32: int = 0


class ShapeError(Exception):
    """Inputs that a layer cannot take: the one exception that a layer's author may raise in `shape` and `parameters`.

    The text says what is wrong with the shapes at hand, in lower case without a full stop; `hint` says what to do;
    `input` is the place of the input to blame, if one is.
    """

    def __init__(self, text: str, *, hint: str | None = None, input: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint
        self.input = input
