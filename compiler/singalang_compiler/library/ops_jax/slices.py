"""Windows as strided slices: what the fast pools share. An image is padded once and then sliced.

Four separately padded copies would make XLA compute the producer of the image four times.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from singalang_compiler.library.context import Array, Pair

NOWHERE = 254
"""An index that no place has: beside the windows there are none."""
OUTSIDE = 255
"""The place of an element that a window does not cover."""


def out_sizes(x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Pair:
    """Height and width of the output of windows over x (batch, height, width, channels), rounded down."""
    height, width = x.shape[1:3]
    return (height + 2 * pad[0] - kernel[0]) // stride[0] + 1, (width + 2 * pad[1] - kernel[1]) // stride[1] + 1


def padded(x: Array, pad: Pair, value: float) -> Array:
    """The images with `pad` rows and columns of a value on each side."""
    if pad == (0, 0):
        return x
    return jnp.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1]), (0, 0)), constant_values=value)


def places(x: Array, kernel: Pair, stride: Pair) -> Iterator[Array]:
    """For each place of the window, row after row, what all windows hold there: (batch, height out, width out, channels)."""
    batch, channels = x.shape[0], x.shape[3]
    height, width = out_sizes(x, kernel, stride, (0, 0))
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            end = (batch, row + (height - 1) * stride[0] + 1, column + (width - 1) * stride[1] + 1, channels)
            yield lax.slice(x, (0, row, column, 0), end, (1, *stride, 1))


def spread(g: Array, image: Pair, kernel: Pair, stride: Pair, pad: Pair, index: Array | None = None) -> Array:
    """The transpose of taking windows: each window's number of `g`, added to the elements of the image that it covers.

    With `index` (the place of the window that is meant, uint8) only the element at that place gets it. `image` is height
    and width of the result. No scatter: the elements are seen as blocks of one stride, and each block is covered by a
    fixed number of windows, those before it.
    """
    batch, height, width, channels = g.shape
    sizes = image[0] + 2 * pad[0], image[1] + 2 * pad[1]
    blocks = -(-sizes[0] // stride[0]), -(-sizes[1] // stride[1])
    before = -(-kernel[0] // stride[0]), -(-kernel[1] // stride[1])
    room = [(0, 0), (before[0] - 1, blocks[0] - height), (before[1] - 1, blocks[1] - width), (0, 0)]
    g = jnp.pad(g, room)
    index = None if index is None else jnp.pad(index, room, constant_values=NOWHERE)
    total = None
    for back in np.ndindex(before):
        covered = _covered(kernel, stride, back)
        if (covered == OUTSIDE).all():
            continue
        start = (0, before[0] - 1 - back[0], before[1] - 1 - back[1], 0)
        end = (batch, start[1] + blocks[0], start[2] + blocks[1], channels)
        hit = covered != OUTSIDE if index is None else _blocks(lax.slice(index, start, end)) == covered
        part = jnp.where(hit, _blocks(lax.slice(g, start, end)), 0)
        total = part if total is None else total + part
    assert total is not None
    total = total.reshape(batch, blocks[0] * stride[0], blocks[1] * stride[1], channels)
    return total[:, pad[0] : pad[0] + image[0], pad[1] : pad[1] + image[1]]


def _covered(kernel: Pair, stride: Pair, back: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """For each element of a block: its place in the window that starts `back` blocks before, or OUTSIDE."""
    rows = np.arange(stride[0])[:, None] + stride[0] * back[0]
    columns = np.arange(stride[1])[None, :] + stride[1] * back[1]
    place = np.where((rows < kernel[0]) & (columns < kernel[1]), rows * kernel[1] + columns, OUTSIDE)
    return place.astype(np.uint8).reshape(1, 1, stride[0], 1, stride[1], 1)


def _blocks(x: Array) -> Array:
    """One entry for each block, to be broadcast over the elements of the block."""
    batch, rows, columns, channels = x.shape
    return x.reshape(batch, rows, 1, columns, 1, channels)
