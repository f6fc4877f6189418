"""In which order an image's axes lie while a net runs: transposed only where two neighbours differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp

from singalang_compiler.library.context import Array

Layout: TypeAlias = Literal["declared", "channels_last", "any"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, slots=True)
class Value:
    """What a node gave: (batch, *shape), or (batch, height, width, channels) where it lies channels last."""

    array: Array
    channels_last: bool = field(default=False, metadata={"static": True})


def inputs_in(layout: Layout, values: tuple[Value, ...]) -> tuple[Array, ...]:
    """The arrays as a kind of this layout wants them. With `any` all lie channels last as soon as one does."""
    if layout == "channels_last" or (layout == "any" and any(value.channels_last for value in values)):
        return tuple(_channels_last(value) for value in values)
    return tuple(declared(value) for value in values)


def output_of(layout: Layout, values: tuple[Value, ...], array: Array) -> Value:
    """What a kind of this layout gave for inputs that it got through `inputs_in`."""
    last = layout == "channels_last" or (layout == "any" and any(value.channels_last for value in values))
    return Value(array, last and array.ndim == 4)


def declared(value: Value) -> Array:
    """The array as the program declares it: (batch, *shape)."""
    return jnp.transpose(value.array, (0, 3, 1, 2)) if value.channels_last else value.array


def _channels_last(value: Value) -> Array:
    if value.channels_last or value.array.ndim != 4:
        return value.array
    return jnp.transpose(value.array, (0, 2, 3, 1))
