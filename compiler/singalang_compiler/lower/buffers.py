"""Flat buffers: which tensor lies where, and the ways in and out of them inside a kernel. Knows no layer and no stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod

import jax.numpy as jnp
from jax import lax

from singalang_compiler.library.context import Array
from singalang_compiler.library.tensors import Shape
from singalang_compiler.plan_group import BufferRecord, Segment

LARGE = 16_384
"""Elements from which a tensor has a buffer of its own: passing an argument costs about a microsecond a step, packing a tensor
costs a copy of it."""
_SHARED = "small"  # tensors' names have a dot in them, so none is called so


def lay_out(prefix: str, tensors: Mapping[str, Shape]) -> tuple[BufferRecord, ...]:
    """Buffers named `prefix/...` for these tensors: the large ones in order, then one for all that are small."""
    sizes = {name: prod(shape) for name, shape in tensors.items()}
    buffers = [_buffer(f"{prefix}/{name}", [(name, size)]) for name, size in sizes.items() if size >= LARGE]
    small = [(name, size) for name, size in sizes.items() if size < LARGE]
    return (*buffers, _buffer(f"{prefix}/{_SHARED}", small)) if small else tuple(buffers)


def _buffer(name: str, tensors: Iterable[tuple[str, int]]) -> BufferRecord:
    segments: list[Segment] = []
    offset = 0
    for tensor, size in tensors:
        segments.append(Segment(name=tensor, offset=offset, size=size))
        offset += size
    return BufferRecord(name=name, size=offset, segments=tuple(segments))


def unpack(buffers: Sequence[BufferRecord], arrays: Sequence[Array]) -> dict[str, Array]:
    """The tensors in these buffers, by name, each as flat as it lies there."""
    tensors: dict[str, Array] = {}
    for buffer, array in zip(buffers, arrays, strict=True):
        for segment in buffer.segments:
            whole = segment.size == buffer.size
            end = segment.offset + segment.size
            tensors[segment.name] = array if whole else lax.slice(array, (segment.offset,), (end,))
    return tensors


def shaped(tensors: Mapping[str, Array], shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """The tensors in their shapes."""
    return {name: tensor.reshape(shapes[name]) for name, tensor in tensors.items()}


def pack(buffers: Sequence[BufferRecord], tensors: Mapping[str, Array]) -> tuple[Array, ...]:
    """Buffers that hold these tensors, whatever their shapes."""
    return tuple(_joined([tensors[segment.name].reshape(-1) for segment in buffer.segments]) for buffer in buffers)


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts)
