"""Average pooling: padding counts as zeros, and in the divisor."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from singalang_compiler.library.context import Array, Pair
from singalang_compiler.library.ops_jax.slices import padded, places, spread

LARGEST = 64
"""Places of a window beyond which the slices would cost more than they save."""


def plain(x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
    """Mean of each window, by XLA's own window operation."""
    sides = ((0, 0), (pad[0], pad[0]), (pad[1], pad[1]), (0, 0))
    return lax.reduce_window(x, 0.0, lax.add, (1, *kernel, 1), (1, *stride, 1), sides) / (kernel[0] * kernel[1])


def fast(x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
    """The same by strided slices, and backward by broadcasting each window's share over its elements."""
    if kernel == x.shape[1:3] and pad == (0, 0):
        return jnp.mean(x, axis=(1, 2), keepdims=True)
    if kernel[0] * kernel[1] > LARGEST:
        return plain(x, kernel, stride, pad)
    return _sliced(x, x.shape[1:3], kernel, stride, pad)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def _sliced(x: Array, image: Pair, kernel: Pair, stride: Pair, pad: Pair) -> Array:
    total, *others = places(padded(x, pad, 0.0), kernel, stride)
    for other in others:
        total = total + other
    return total / (kernel[0] * kernel[1])


def _sliced_forward(x: Array, image: Pair, kernel: Pair, stride: Pair, pad: Pair) -> tuple[Array, None]:
    return _sliced(x, image, kernel, stride, pad), None


def _sliced_backward(image: Pair, kernel: Pair, stride: Pair, pad: Pair, kept: None, g: Array) -> tuple[Array]:
    return (spread(g / (kernel[0] * kernel[1]), image, kernel, stride, pad),)


_sliced.defvjp(_sliced_forward, _sliced_backward)
