"""Whole tensors and the pieces and slices of them that roles hold. NumPy arrays alone; knows no message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.plan_group import BufferRecord, SliceSegment

Array: TypeAlias = np.ndarray[Any, Any]
Pieces: TypeAlias = Mapping[tuple[str, int | None], Array]
"""Stored parameters, flat, by name and the position of their piece (None: whole)."""


def piece(whole: Array, axis: int | None, position: int, workers: int) -> Array:
    """The piece of a tensor at `position` among `workers`, or all of it where it is not cut. A view."""
    return whole if axis is None else np.split(whole, workers, axis)[position]


def joined(pieces: Sequence[Array], shape: tuple[int, ...], axis: int | None) -> Array:
    """The tensor of this shape, from its flat pieces; from the first one where it is not cut."""
    if axis is None:
        return pieces[0].reshape(shape)
    cut = (*shape[:axis], shape[axis] // len(pieces), *shape[axis + 1 :])
    return np.concatenate([one.reshape(cut) for one in pieces], axis)


def filled(buffer: BufferRecord, tensors: Mapping[str, Array], dtype: np.dtype[Any]) -> Array:
    """A buffer that holds these tensors, by the names of its segments."""
    array = np.zeros(buffer.size, dtype)
    for segment in buffer.segments:
        array[segment.offset : segment.offset + segment.size] = tensors[segment.name].reshape(-1)
    return array


def tensors_in(buffer: BufferRecord, array: Array) -> dict[str, Array]:
    """The flat tensors in a buffer, by name. Views."""
    return {one.name: array[one.offset : one.offset + one.size] for one in buffer.segments}


def slice_of(segments: Sequence[SliceSegment], size: int, pieces: Pieces, dtype: np.dtype[Any]) -> Array:
    """The buffer, `size` long, of a server's slice, cut from flat pieces."""
    array = np.zeros(size, dtype)
    offset = 0
    for one in segments:
        flat = pieces[one.parameter, one.position]
        array[offset : offset + one.size] = flat[one.offset : one.offset + one.size]
        offset += one.size
    return array


def put_back(segments: Sequence[SliceSegment], array: Array, pieces: Pieces) -> None:
    """Copies a server's slice into the flat pieces that it was cut from."""
    offset = 0
    for one in segments:
        pieces[one.parameter, one.position][one.offset : one.offset + one.size] = array[offset : offset + one.size]
        offset += one.size
