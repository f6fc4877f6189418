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
    together = columns_together(x.shape[2] + 2 * pad[1], kernel.shape[1:], stride)
    return plain(x, kernel, stride, pad) if together == 1 else blocked(x, kernel, together, pad)


def columns_together(width: int, kernel: tuple[int, ...], stride: Pair) -> int:
    """How many output columns to compute at once: 1 is the plain form. `width` is that of the padded image, `kernel` holds
    the kernel's width, channels in and channels out.

    Measured on one core of a 2024 server CPU over 36 first convolutions: where few channels go in and fewer than 32 come out
    (33 where 3 go in), the libraries are up to twenty times slower than they can be, and except where 3 go in they like a
    multiple of 16 best. So as many columns are taken as make enough channels, and no more, for the arithmetic grows to
    (kernel width + q - 1) / kernel width times as much.
    """
    kernel_width, channels, filters = kernel
    if channels > 4 or kernel_width == 1 or stride != (1, 1):
        return 1
    columns = width - kernel_width + 1
    enough = [q for q in range(1, 9) if columns % q == 0 and q * filters >= (33 if channels == 3 else 32)]
    even = [q for q in enough if q <= 4 and q * filters % 16 == 0 and channels != 3]
    return next(iter(even + enough), 1)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def blocked(x: Array, kernel: Array, together: int, pad: Pair) -> Array:
    """`together` output columns at once: the kernel, shifted by each column, in as many groups of output channels."""
    height, width, channels, filters = kernel.shape
    shifted = [jnp.pad(kernel, ((0, 0), (shift, together - 1 - shift), (0, 0), (0, 0))) for shift in range(together)]
    wide = jnp.stack(shifted, axis=3).reshape(height, width + together - 1, channels, together * filters)
    y = plain(x, wide, (1, together), pad)
    return y.reshape(y.shape[0], y.shape[1], y.shape[2] * together, filters)


def _forward(x: Array, kernel: Array, together: int, pad: Pair) -> tuple[Array, tuple[Array, Array]]:
    return blocked(x, kernel, together, pad), (x, kernel)


def _backward(together: int, pad: Pair, kept: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    """Gradients of the plain form, which are the faster ones; XLA drops that of x where nobody asks for it."""
    pull = jax.vjp(lambda x, kernel: plain(x, kernel, (1, 1), pad), *kept)[1]
    dx, dkernel = pull(g)
    return dx, dkernel


blocked.defvjp(_forward, _backward)
