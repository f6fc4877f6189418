"""Convolution. XLA's CPU libraries are several times slower on one to four input channels than on many."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from singalang_compiler.library.context import Array, Pair


def plain(x: Array, kernel: Array, stride: Pair, pad: Pair) -> Array:
    """Cross-correlation of x (batch, height, width, channels in) with kernel (height, width, channels in, channels out)."""
    sides = ((pad[0], pad[0]), (pad[1], pad[1]))
    return lax.conv_general_dilated(x, kernel, stride, sides, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def fast(x: Array, kernel: Array, stride: Pair, pad: Pair) -> Array:
    """The same; where there are few input channels, several output columns are computed as channels of one."""
    together = columns_together(x.shape[2] + 2 * pad[1], kernel.shape[1], kernel.shape[2], stride)
    return plain(x, kernel, stride, pad) if together == 1 else _blocked(x, kernel, together, pad)


def columns_together(width: int, kernel_width: int, channels: int, stride: Pair) -> int:
    """How many output columns to compute at once: 1 is the plain form. `width` is that of the padded image.

    Measured on one core (2024 server CPU): 5x5x3 -> 32 is fastest by 2, 3x3x3 -> 16 and 5x5x1 -> 20 by 4. More columns mean
    more arithmetic, (kernel_width + q - 1) / kernel_width times as much, so past the best it grows slower again.
    """
    if channels > 4 or stride != (1, 1):
        return 1
    columns = width - kernel_width + 1
    wanted = (4, 2) if kernel_width * channels <= 9 else (2,)
    return next((q for q in wanted if columns % q == 0), 1)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _blocked(x: Array, kernel: Array, together: int, pad: Pair) -> Array:
    """`together` output columns at once: the kernel, shifted by each column, in as many groups of output channels."""
    height, width, channels, filters = kernel.shape
    shifted = [jnp.pad(kernel, ((0, 0), (shift, together - 1 - shift), (0, 0), (0, 0))) for shift in range(together)]
    wide = jnp.stack(shifted, axis=3).reshape(height, width + together - 1, channels, together * filters)
    y = plain(x, wide, (1, together), pad)
    return y.reshape(y.shape[0], y.shape[1], y.shape[2] * together, filters)


def _forward(x: Array, kernel: Array, together: int, pad: Pair) -> tuple[Array, tuple[Array, Array]]:
    return _blocked(x, kernel, together, pad), (x, kernel)


def _backward(together: int, pad: Pair, kept: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    """Gradients of the plain form, which are the faster ones; XLA drops that of x where nobody asks for it."""
    pull = jax.vjp(lambda x, kernel: plain(x, kernel, (1, 1), pad), *kept)[1]
    dx, dkernel = pull(g)
    return dx, dkernel


_blocked.defvjp(_forward, _backward)
