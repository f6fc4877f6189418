"""Max-pooling. XLA expands the gradient of its own form to a scatter on CPU, twenty times slower than the forward pass."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from singalang_compiler.library.context import Array, Pair
from singalang_compiler.library.ops_jax.slices import padded, places, spread

LARGEST = 64
"""Places of a window beyond which the slices would cost more than they save."""


def plain(x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
    """Largest of each window, by XLA's own window operation; its gradient goes to the first largest."""
    sides = ((0, 0), (pad[0], pad[0]), (pad[1], pad[1]), (0, 0))
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, *kernel, 1), (1, *stride, 1), sides)


def fast(x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
    """The same by strided slices. Backward it needs only each window's place of the largest, one byte, and no scatter."""
    if kernel == x.shape[1:3] and pad == (0, 0):
        return _whole(x, kernel)
    if kernel[0] * kernel[1] > LARGEST:
        return plain(x, kernel, stride, pad)
    return _sliced(x, x.shape[1:3], kernel, stride, pad)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def _sliced(x: Array, image: Pair, kernel: Pair, stride: Pair, pad: Pair) -> Array:
    largest, *others = places(padded(x, pad, -np.inf), kernel, stride)
    for other in others:
        largest = jnp.maximum(largest, other)
    return largest


def _sliced_forward(x: Array, image: Pair, kernel: Pair, stride: Pair, pad: Pair) -> tuple[Array, Array]:
    largest, *others = places(padded(x, pad, -np.inf), kernel, stride)
    index = jnp.zeros(largest.shape, jnp.uint8)
    for place, other in enumerate(others, 1):
        index = jnp.where(other > largest, jnp.uint8(place), index)
        largest = jnp.maximum(largest, other)  # unlike the comparison, it passes on what is not a number
    return largest, index


def _sliced_backward(image: Pair, kernel: Pair, stride: Pair, pad: Pair, index: Array, g: Array) -> tuple[Array]:
    return (spread(g, image, kernel, stride, pad, index),)


_sliced.defvjp(_sliced_forward, _sliced_backward)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _whole(x: Array, image: Pair) -> Array:
    return jnp.max(x, axis=(1, 2), keepdims=True)


def _whole_forward(x: Array, image: Pair) -> tuple[Array, Array]:
    return _whole(x, image), jnp.argmax(x.reshape(x.shape[0], -1, x.shape[3]), axis=1).astype(jnp.int32)


def _whole_backward(image: Pair, index: Array, g: Array) -> tuple[Array]:
    height, width = image
    hit = index[:, None, :] == jnp.arange(height * width, dtype=jnp.int32)[None, :, None]
    return (jnp.where(hit.reshape(-1, height, width, index.shape[1]), g, 0),)


_whole.defvjp(_whole_forward, _whole_backward)
